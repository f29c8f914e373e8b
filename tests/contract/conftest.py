import os
import subprocess
import sys

import pytest

from harness.stores import KINDS, Store
from harness.world import FAKE


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def store(request, world):
    """Each kind of store in turn, empty."""
    kind = request.param
    server = request.getfixturevalue(kind.server) if kind.server else None
    return Store(kind, world, server)


@pytest.fixture(params=[kind for kind in KINDS if kind.waits], ids=lambda kind: kind.name)
def waiting_store(request, world):
    """Each kind that has the operation `wait`."""
    return Store(request.param, world)


@pytest.fixture
def local(world):
    """The embedded store alone, for what only it promises."""
    return Store(KINDS[0], world)


def preloaded(tmp_path_factory, name):
    if sys.platform != "linux" or "asan" in os.environ.get("CREDRELAY_BUILD", ""):
        pytest.skip("needs the C library's own malloc, and that it is glibc's")
    library = tmp_path_factory.mktemp(name) / f"{name}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, FAKE / f"{name}.c"], check=True)
    return library


@pytest.fixture(scope="session")
def freed(tmp_path_factory):
    """A library that complains of freed blocks with a secret in them."""
    return preloaded(tmp_path_factory, "freed")


@pytest.fixture(scope="session")
def left(tmp_path_factory):
    """A library that complains of a secret anywhere in memory when the program ends."""
    return preloaded(tmp_path_factory, "left")


@pytest.fixture
def watch_memory(freed, left):
    """watch_memory(marker) -> two environments: each makes a program complain on standard error, of
    the marker in what it frees, or of the marker in what it leaves at its end."""
    return lambda marker: [{"LD_PRELOAD": str(freed), "FREED_MARKER": marker},
                           {"LD_PRELOAD": str(left), "LEFT_MARKER": marker[::-1]}]
