"""Another user of the machine against everything of ours: what lies on the disk, and what runs.
Each thing and each attempt is a row.  Beside them is one file and one process that are open to him,
which show that each attempt can succeed."""
import json
import os
import sys

import pytest

from harness.invitations import open_line, service_manager
from harness.relay import made_up, wait_for
from harness.somebody import ORDINARY, ROOT, STRANGER, Somebody, programs_for_all
from harness.watch import Watcher

pytestmark = pytest.mark.skipif(not ROOT or sys.platform != "linux", reason="needs root, to be two users; /proc")

# Run by the stranger in a folder of his own: {thing: path or pid} in, {"thing: attempt": error or ""} out.
ATTEMPTS = r'''
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)

def mine():
    with open("mine", "w") as f:
        f.write("{}")
    return "mine"

def plant(path):
    os.symlink("/nonexistent", path + ".tmp.stranger")
    os.unlink(path + ".tmp.stranger")

def attach(pid):
    if libc.ptrace(16, pid, None, None) != 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, None, None)

def memory(pid):
    with open(f"/proc/{pid}/maps") as maps:
        start = int(next(maps).split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as mem:
        mem.seek(start)
        mem.read(16)

FILES = {
    "read": lambda p: open(p, "rb").read(),
    "write": lambda p: open(p, "r+b").close(),
    "chmod": lambda p: os.chmod(p, 0o666),
    "give away": lambda p: os.chown(p, os.getuid(), -1),
    "plant beside": plant,
    "list its folder": lambda p: os.listdir(os.path.dirname(p)),
    "link to it": lambda p: (os.link(p, "kept"), os.unlink("kept")),
    "rename over it": lambda p: os.rename(mine(), p),
    "rename it": lambda p: os.rename(p, p + ".gone"),
    "remove": lambda p: os.unlink(p),
}
PROCESSES = {
    "memory": memory,
    "environment": lambda pid: open(f"/proc/{pid}/environ", "rb").read(),
    "descriptors": lambda pid: os.listdir(f"/proc/{pid}/fd"),
    "its folder": lambda pid: os.listdir(f"/proc/{pid}/cwd"),
    "attach to it": attach,
    "signal it": lambda pid: os.kill(pid, 0),
}
outcome = {}
for name, target in json.load(sys.stdin).items():
    for attempt, do in (PROCESSES if isinstance(target, int) else FILES).items():
        try:
            if name == "control":
                open(target, "a").close()  # the attempt before may have taken it away
            do(target)
            outcome[f"{name}: {attempt}"] = ""
        except OSError as e:
            outcome[f"{name}: {attempt}"] = e.__class__.__name__
json.dump(outcome, sys.stdout)
'''
FILE_ATTEMPTS = ["read", "write", "chmod", "give away", "plant beside", "list its folder", "link to it",
                 "rename over it", "rename it", "remove"]
PROCESS_ATTEMPTS = ["memory", "environment", "descriptors", "its folder", "attach to it", "signal it"]
NO_MODE_ALLOWS = ("chmod", "give away")
STATE = ".local/state/credrelay"
FILES = {
    "the login": ".claude/.credentials.json",
    "a damaged login": ".claude/.credentials.json.damaged",
    "the memory": f"{STATE}/claude.json",
    "the lock": f"{STATE}/claude.lock",
    "the log": f"{STATE}/events.jsonl",
    "the watcher's word": f"{STATE}/watch.json",
    "the watcher's lock": f"{STATE}/watch.lock",
    "the store": f"{STATE}/store.db",
    "the configuration": ".config/credrelay/credrelay.conf",
    "the keys of AWS": ".aws/credentials",
    "the lock of the configuration": f"{STATE}/config.lock",
    "the lock of the keys": f"{STATE}/aws-credentials.lock",
    "the unit": ".config/systemd/user/credrelay-watch.service",
}
PROCESSES = ["the watcher", "the wrapper", "a pull"]
NOT_OURS = ("bin/", "open/", "systemctl.", "watch.out", "watch.err", ".config/systemd/user/default.target.wants/")


class Home(Somebody):
    """A machine of an ordinary user's, in a home that is open as distributions make it."""

    def furnish(self):
        """Everything we leave on a disk, by our own commands."""
        service_manager(self)
        self.program("claude", "#!/bin/sh\nread -r wait\n")
        self.program("credrelay-store-slow", "#!/bin/sh\nexec sleep 600\n")
        self.home.chmod(0o755)
        self.own()
        line = open_line(settings={"role": "writer", "store": "local:"},
                         keys=[{"profile": "r", "id": "AKIATEST", "secret": "a-made-up-secret"}])
        joined = self.run("credrelay", "join", input=line)
        assert (self.home / ".aws" / "credentials").exists(), joined
        self.write_login(made_up(1))
        self.own()
        assert self.run("credrelay", "publish").status == 0
        self.login_path.write_text('{"torn')
        assert self.run("credrelay", "pull").status == 0
        (self.home / "open").mkdir()
        (self.home / "open").chmod(0o777)
        return {name: str(self.home / path) for name, path in FILES.items()}

    def files(self):
        return {str(p.relative_to(self.home)) for p in self.home.rglob("*") if p.is_file() or p.is_symlink()}


@pytest.fixture(scope="module")
def attempted(tmp_path_factory):
    """{"thing: attempt": the error, or ""}, and the names of all files there were."""
    machine = Home(tmp_path_factory.mktemp("owner") / "home", ORDINARY, programs_for_all())
    stranger = Somebody(tmp_path_factory.mktemp("stranger") / "home", STRANGER)
    stranger.own()
    targets = machine.furnish()
    with Watcher(machine) as watcher:
        wrapper = machine.start("claude-p", "hello", stdin=-1)
        pull = machine.start("credrelay", "pull", env={"CREDRELAY_STORE": "slow:x"})
        own = stranger.start("sleep", "600")
        wait_for(lambda: (machine.home / ".claude").exists() and all(closed(p.pid) for p in (wrapper, pull)))
        found = machine.files()
        targets |= {"the watcher": watcher.process.pid, "the wrapper": wrapper.pid, "a pull": pull.pid,
                    "control": str(machine.home / "open" / "file"), "control process": own.pid}
        result = stranger.run(sys.executable, "-IS", "-c", ATTEMPTS, input=json.dumps(targets))
        for process in (wrapper, pull, own):
            process.kill()
            process.communicate()
    assert result.status == 0, result
    return result.json, found


def closed(pid):
    """Is it past main()'s first lines?  /proc then gives its files to root."""
    return os.stat(f"/proc/{pid}/environ").st_uid == 0


@pytest.mark.parametrize("attempt", FILE_ATTEMPTS)
@pytest.mark.parametrize("what", FILES)
def test_of_what_lies_there(attempted, what, attempt):
    assert attempted[0][f"{what}: {attempt}"] == "PermissionError"


@pytest.mark.parametrize("attempt", PROCESS_ATTEMPTS)
@pytest.mark.parametrize("what", PROCESSES)
def test_of_what_runs(attempted, what, attempt):
    assert attempted[0][f"{what}: {attempt}"] == "PermissionError"


def test_every_attempt_can_succeed(attempted):
    outcome, _ = attempted
    assert {a for a in FILE_ATTEMPTS if outcome[f"control: {a}"]} <= set(NO_MODE_ALLOWS)
    failed = {a for a in PROCESS_ATTEMPTS if outcome[f"control process: {a}"]}
    assert failed <= {"attach to it"}  # where yama forbids it to everybody


def test_every_file_has_a_row(attempted):
    """What the commands left and is not in the table is not looked at: it must be added there."""
    passing = (".credrelay-", "store.db-")  # until it is whole; SQLite's own, like the store
    ours = {name for name in attempted[1]
            if not name.startswith(NOT_OURS) and not any(mark in name for mark in passing)}
    assert ours == set(FILES.values())
