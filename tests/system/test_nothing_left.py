"""Commands of the user's, which helpers start, end with what started them, however that ends."""
import contextlib
import json
import os
import signal
import subprocess

import pytest

from harness.channel import Channel
from harness.parameter_store import REGION
from harness.process import gone
from harness.relay import wait_for
from harness.watch import Watcher
from harness.world import LIBEXEC

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")

# What it starts itself, in the foreground and beside, is in the group that its shell is in.
COMMAND = 'sleep 3600 & echo $$ $! >"$HOME/new"; mv "$HOME/new" "$HOME/pids"; sleep 3600; echo'


def started(world):
    """Wait for the command; the pids of it and of what it started."""
    wait_for((world.home / "pids").exists)
    return (world.home / "pids").read_text().split()


def ssm(world):
    (world.home / ".aws").mkdir(mode=0o700)
    (world.home / ".aws" / "config").write_text(f"[default]\ncredential_process = {world.command}\n")
    return LIBEXEC / "store-ssm", {"credrelay": 1, "op": "get", "store": f"ssm://{REGION}/x", "path": "/x",
                                   "role": "reader", "machine": "m", "deadline_ms": 3_600_000}


def alert_command(world):
    return LIBEXEC / "alert-command", Channel(world, "command", command=world.command).request(seconds=3600)


def secret_command(world):
    return LIBEXEC / "alert-webhook", Channel(world, "webhook", webhook_command=world.command).request(seconds=3600)


@pytest.fixture
def machine(world):
    world.command = world.program("command", f"#!/bin/sh\n{COMMAND}\n")
    yield world
    if (world.home / "pids").exists():
        for pid in (world.home / "pids").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                if not gone(pid):
                    os.kill(int(pid), signal.SIGKILL)


@pytest.mark.parametrize("make", [ssm, alert_command, secret_command])
def test_a_helper_that_is_killed_leaves_nothing(machine, make):
    program, request = make(machine)
    request = request if isinstance(request, str) else json.dumps(request) + "\n"
    helper = machine.start(program, stdin=subprocess.PIPE)
    helper.stdin.write(request.encode())
    helper.stdin.close()
    pids = started(machine)
    assert not any(map(gone, pids))
    helper.kill()
    helper.wait()
    for pid in pids:
        wait_for(lambda: gone(pid))
    helper.stdout.close()
    helper.stderr.close()


def test_a_watcher_that_ends_leaves_nothing(machine):
    """Its helper asks AWS, for which a command of the user's has been looking for keys for an hour."""
    ssm(machine)
    machine.configure(f"[claude]\nstore = ssm://{REGION}/x\ntimeout = 1h\n")
    with Watcher(machine) as watcher:
        pids = started(machine)
        assert watcher.end() == 0
    for pid in pids:
        wait_for(lambda: gone(pid))


def test_what_a_command_leaves_on_purpose_stays(machine):
    """An agent that it has started for later is no business of ours."""
    machine.program("command", '#!/bin/sh\nsleep 3600 >/dev/null 2>&1 & echo $! >"$HOME/pids"\n')
    program, request = alert_command(machine)
    answered = machine.run(program, input=request)
    assert answered.json == {"ok": True}, answered
    assert not gone(started(machine)[0])
