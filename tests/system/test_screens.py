"""The screens that stand in the README are what the program shows, but for the time.  What it shows is
left in BUILD/screens.txt, as it should stand there."""
import os
import re
import shutil
import sys
import time
from pathlib import Path

import pytest

from harness.parameter_store import READER, reader_policy
from harness.relay import made_up
from harness.watching import watching
from harness.world import FAKE, PREFIX, TESTS

README = (TESTS.parent / "README.md").read_text()
CONFIGURATION = f"""[claude]
role = reader
store = ssm://us-west-2/claude/oauth/credentials
reader-profile = {READER}
"""


def timeless(text):
    """Without what differs from run to run."""
    text = re.sub(r"\b\d+ (d|h|min|s|ms)( \d+ (h|min|s))?\b", "TIME", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d\b", "DATE", text)
    text = re.sub(r"\b\d+ (KiB|MiB)\b", "SIZE", text)
    return re.sub(r"version \d+\.\d+\.\d+", "VERSION", text)


def of_readme(command):
    block = re.search(rf"^\$ credrelay {command}\n(.*?)^```", README, re.M | re.S)
    assert block, f"README.md does not show `credrelay {command}`"
    return block[1]


def assert_shown(command, screen):
    """In the README, to the letter."""
    path = Path(os.environ["CREDRELAY_BUILD"], "screens.txt")
    text = path.read_text() if path.exists() else ""
    path.write_text(re.sub(rf"^\$ credrelay {command}\n.*?(?=^\$ |\Z)", "", text, flags=re.M | re.S)
                    + f"$ credrelay {command}\n{screen}")
    assert timeless(of_readme(command)) == timeless(screen)
    assert all(len(line) <= 80 for line in screen.splitlines())


@pytest.fixture
def machine(machines):
    """Installed into ~/.local, with the client beside it and a service that runs."""
    (world,) = machines("vps-1")
    shutil.copytree(PREFIX / "bin", world.home / ".local" / "bin", symlinks=True)
    shutil.copytree(PREFIX / "libexec", world.home / ".local" / "libexec")
    world.env["PATH"] = f"{world.home}/.local/bin:{world.bin}:/usr/bin:/bin"
    client = world.home / ".local" / "bin" / "claude"
    client.write_text("#!/bin/sh\necho '2.1.300 (Claude Code)'\n")
    client.chmod(0o755)
    (world.home / "manager").mkdir()
    world.program("systemctl", f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {str(FAKE)!r})\n"
                               "from managers import main\nmain('systemctl', sys.argv[1:])\n")
    assert world.run("credrelay", "service", "install").status == 0
    return world


def test_status(machine, parameter_store):
    path = "/claude/oauth/credentials"
    parameter_store.delete(path)
    parameter_store.put(made_up(1, refresh=None, deadline_in=5 * 86400), path=path)
    machine.write_aws_profiles(claude_creds_reader=parameter_store.user(READER, reader_policy(path)))
    machine.env["AWS_ENDPOINT_URL"] = parameter_store.endpoint
    machine.configure(CONFIGURATION)
    with watching(machine, claude={"synced_at": int(time.time() * 1000) - 60_000}):
        assert machine.run("credrelay", "pull").status == 0
        result = machine.run("credrelay", "status")
    assert (result.status, result.err) == (2, "")
    assert_shown("status", result.out)


def test_doctor(machine):
    machine.write_login(made_up(1, deadline_in=20 * 86400))
    assert machine.run("credrelay", "publish").status == 0
    (machine.state / "claude.json").chmod(0o644)
    with watching(machine):
        result = machine.run("credrelay", "doctor", env={"ANTHROPIC_API_KEY": "sk-ant-api03-TEST"})
    assert (result.status, result.err) == (1, "")
    assert_shown("doctor", result.out)
