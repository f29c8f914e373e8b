"""Every test runs in a world of its own: see harness/world.py.  Started by scripts/check, which
makes the HOME that is demanded here."""
import os
import pwd
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest_plugins = ["harness.world", "harness.parameter_store", "harness.fault_server", "harness.client",
                  "harness.metadata", "harness.store_machine", "harness.user_manager",
                  "harness.mail_server", "harness.alerts", "harness.network"]


def pytest_configure(config):
    home = Path(os.environ.get("HOME", "/"))
    real_home = pwd.getpwuid(os.getuid()).pw_dir
    temporary = Path(os.environ.get("TMPDIR", tempfile.gettempdir())).resolve()
    if (
        home.resolve() == Path(real_home).resolve()
        or temporary not in (home.resolve(), *home.resolve().parents)
        or not (home / ".credrelay-test-home").exists()
    ):
        pytest.exit(
            f"HOME is {home}: the tests only run with a temporary HOME of their own; "
            "start them with scripts/check",
            returncode=64,
        )
    foreign = [k for k in os.environ if k.split("_")[0] in ("ANTHROPIC", "CLAUDE", "AWS", "XDG")]
    if foreign:
        pytest.exit(
            f"{', '.join(foreign)} in the environment: start the tests with scripts/check",
            returncode=64,
        )
    if "CREDRELAY_PREFIX" not in os.environ:
        pytest.exit("CREDRELAY_PREFIX is not set: start the tests with scripts/check", returncode=64)
