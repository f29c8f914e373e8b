"""The commands that move no login, each with its Nth allocation failing, once and for ever after: an
error message or all that they do, never a signal, no leak, and what is shown is shown whole."""
import re
import shutil

import pytest

from crash.scenarios import BESIDE
from harness.managed import Managed
from harness.parameter_store import READER, WRITER, allow, policy
from harness.relay import join, made_up, token
from harness.stepper import BUILD, EVERYTHING, STARVED, Machine, starved, starved_programs

# Under AddressSanitizer, which sees leaks, or when everything is asked for.
pytestmark = [
    pytest.mark.skipif(not STARVED.exists(), reason="the allocator is wrapped by the linker (Linux)"),
    pytest.mark.skipif(not EVERYTHING and "asan" not in BUILD.name, reason="done in the build that sees leaks")]

MOST = 20_000  # allocations of one command

# Some of them: a sample goes to few of the first, where all commands are alike, and to late ones.
FACTOR = 3

LOCAL = [
    "status", "status --json", "doctor", "doctor --json", "doctor --fix", "log", "log --json", "log --stats",
    "log --prometheus metrics.prom", "history", "history --json", "alert",
    "alert check", "alert test", "renew --dry-run", "publish --dry-run", "pull --dry-run",
    "rollback 1 --dry-run", "rollback 1 --yes", "init --yes --dry-run", "init --yes --no-service",
    "service print", "service status", "service install --dry-run", "service install", "service uninstall",
]
BARE = ["version", "version --json", "help", "help pull", "pull --help"]  # allocate next to nothing
AWS = [
    "invite reader --no-seal",
    "aws policy reader --account 123456789012", "aws template cloudformation", "aws template terraform",
    "aws setup --dry-run", "aws rotate-key --dry-run",
]


def a_fleet(folder):
    """A machine with a history, something in its log, and a stand-in for the service manager."""
    machine = Machine(folder / "machine")
    Managed(machine, "systemd")
    join(machine, machine.store, more="[alert]\ncommand = true\n")
    for n in (1, 2):
        machine.put_login(n, BESIDE, expires_in=8 * 3600 - 1200)  # "7 h 39 min", for all of the test
        assert machine.run("credrelay", "sync").status == 0
    machine.program("claude", "#!/bin/sh\necho ok\n")
    return machine


def in_aws(machine, store):
    """The same machine, as one that relays through Parameter Store."""
    store.put(made_up(1))
    for user in (READER, WRITER):  # another test's, with keys that this machine has not
        store.forget(user)
    root, reader = (store.user(name, policy(allow("*", "*")), age=86400) for name in ("root", "reader"))
    machine.write_aws_profiles(default=root, claude_creds_writer=root, claude_creds_reader=reader)
    machine.configure(f"[claude]\nrole = writer\nstore = {store.url()}\nwriter-profile = claude-creds-writer\n"
                      "reader-profile = claude-creds-reader\n")


def still(text):
    """But for times, numbers of processes and keys, and invitations, which have both in them."""
    return re.sub(r"\d+ \w+ ago|\d+|(?<=credrelay-invitation-)\S+", "", text)


class Starving:
    """One command on one machine, from the beginning each time."""

    def __init__(self, folder, machine, words):
        self.machine, self.folder, self.name = machine, folder, words
        self.argv = [starved_programs(folder) / "credrelay", *words.split()]
        shutil.copytree(machine.home, folder / "template", symlinks=True)
        self.clean = self.begin().run(*self.argv)
        self.violations, self.runs = [], 0
        self.expect("undisturbed", self.clean.status in (0, 1, 2, 65), self.clean)

    def begin(self):
        shutil.rmtree(self.machine.home)
        shutil.copytree(self.folder / "template", self.machine.home, symlinks=True)
        return self.machine

    def expect(self, where, ok, what):
        if not ok:
            self.violations.append(f"{self.name}, {where}: {what}")

    def disturb(self, at, way):
        """False: there is no Nth allocation."""
        result, hit = starved(self.begin(), at, way, self.argv)
        where = f"{way} at {at}"
        if not hit:
            return False
        self.runs += 1
        said = "out of memory" in result.err + result.out
        self.expect(where, 0 <= result.status <= 78, result)
        self.expect(where, "Sanitizer" not in result.err, result.err)
        whole = result.status == self.clean.status and still(result.out) == still(self.clean.out)
        self.expect(where, said or whole, f"neither whole nor told: {result}")
        self.expect(where, self.machine.access_token() == self.login(), "the login is another one")
        return True

    def login(self):
        return self.machine.holds() if "rollback" in self.name else token(2)


def points():
    at = 1
    while at < MOST:
        yield at
        at = at + 1 if EVERYTHING else FACTOR * at + 1


@pytest.mark.parametrize("words", LOCAL + AWS + BARE)
def test_every_allocation_of(tmp_path, words, request, record_property):
    machine = a_fleet(tmp_path)
    if words in AWS:
        in_aws(machine, request.getfixturevalue("parameter_store"))
    starving = Starving(tmp_path, machine, words)
    for way in ("once", "sticky"):
        for at in points():
            if not starving.disturb(at, way):
                break
    record_property("cases", starving.runs)
    assert starving.runs > 5 or words in BARE
    assert not starving.violations, "\n".join([f"{len(starving.violations)} violations, the first:",
                                               *starving.violations[:8]])
