import pytest

from harness.stores import KINDS, Store


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def store(request, world):
    """Each kind of store in turn, empty."""
    kind = request.param
    server = request.getfixturevalue(kind.server) if kind.server else None
    return Store(kind, world, server)


@pytest.fixture
def local(world):
    """The embedded store alone, for what only it promises."""
    return Store(KINDS[0], world)
