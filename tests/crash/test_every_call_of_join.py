"""join, killed at every system call and failed at every system call: each of its files is absent or
whole and private, no configuration names keys that are not there, a failure says so, and the same
line joined again finishes it and leaves nothing behind."""
import os
import random
import shutil
import subprocess
import time

import pytest

from harness.invitations import open_line
from harness.relay import LocalStore, made_up, token
from harness.stepper import EVERYTHING, STEP, WAYS
from harness.world import World

pytestmark = pytest.mark.skipif(
    not STEP.exists() or "asan" in os.environ.get("CREDRELAY_BUILD", ""),
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")

KEYS = "[r]\naws_access_key_id = AKIATEST\naws_secret_access_key = made-up\n"
JOIN = ["credrelay", "join", "--no-service"]


class Newcomer:
    """One machine after the other that joins by the same line."""

    def __init__(self, folder):
        self.folder = folder
        self.store = LocalStore(folder / "shared" / "store.db")
        self.store.path.parent.mkdir(mode=0o700)
        self.store.put(made_up(1, refresh=None))
        settings = {"tool": "claude", "role": "reader", "store": self.store.url, "reader-profile": "r"}
        self.config = "[claude]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
        self.line = open_line(settings=settings,
                              keys=[{"profile": "r", "id": "AKIATEST", "secret": "made-up"}])
        self.violations, self.runs, self.hits = [], 0, 0
        machine, result, self.calls, _ = self.disturbed(0, "kill")
        self.clean = self.files(machine)
        self.expect("undisturbed", result.status == 0 and self.has(machine) == (True,) * 3, result)

    def expect(self, where, ok, what):
        if not ok:
            self.violations.append(f"{where}: {what}")

    def disturbed(self, at, way):
        home = self.folder / "machine"
        shutil.rmtree(home, ignore_errors=True)
        machine = World(home)
        report = home / "report"
        try:
            result = machine.run(STEP, report, "credrelay", at, way, *JOIN, input=self.line)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{way} at {at}: it hangs")
        words = dict(line.split(None, 1) for line in report.read_text().splitlines())
        report.unlink()
        return machine, result, int(words["CALLS"]), words.get("HIT")

    def files(self, machine):
        """But for the client's lock, which whoever comes takes over after 10 s."""
        return sorted(str(p.relative_to(machine.home)) for p in machine.home.rglob("*")
                      if p.name != ".claude.lock")

    def has(self, machine):
        """(keys, configuration, login): is each there?  What is there must be whole."""
        def whole(path, content):
            if path.exists():
                mode = path.stat().st_mode & 0o777
                assert (mode, path.read_text()) == (0o600, content), (path, oct(mode), path.read_text())
            return path.exists()
        keys = whole(machine.home / ".aws" / "credentials", KEYS)
        config = whole(machine.home / ".config" / "credrelay" / "credrelay.conf", self.config)
        login = machine.login_path.exists()
        assert not login or machine.access_token() == token(1)
        return keys, config, login

    def disturb(self, at, way):
        machine, result, _, name = self.disturbed(at, way)
        where = f"{way} at {at} ({name})"
        self.runs += 1
        self.hits += name is not None
        try:
            keys, config, login = self.has(machine)
            self.expect(where, keys >= config >= login, f"keys, configuration, login: {keys} {config} {login}")
            if result.status == 0:
                self.expect(where, login, "it is done, and nothing is there")
            elif result.status != 128 + 9:
                self.expect(where, result.status < 128 and result.err.strip(), result)
            for lock in machine.home.glob(".claude*.lock"):  # those have passed
                os.utime(lock, (time.time() - 60,) * 2)
            again = machine.run(*JOIN, input=self.line)
            self.expect(f"{where}, again", again.status == 0, again)
            self.expect(f"{where}, again", self.has(machine) == (True,) * 3, "not all is there")
            left = [f for f in self.files(machine) if f not in self.clean]
            self.expect(f"{where}, again", not left, f"left behind: {left}")
        except AssertionError as error:
            self.expect(where, False, f"torn: {error}")


def plan(newcomer):
    """[(call, way), ...]: each call in each way, or a sample."""
    if EVERYTHING:
        return [(at, way) for way in WAYS for at in range(1, newcomer.calls + 1)]
    dice = random.Random("join")
    calls = range(1 + dice.randrange(3), newcomer.calls + 1, max(1, newcomer.calls // 40))
    return [(at, "kill") for at in calls] + [(at, dice.choice(WAYS[1:])) for at in calls]


def test_every_call_of_join(tmp_path):
    newcomer = Newcomer(tmp_path)
    for at, way in plan(newcomer):
        newcomer.disturb(at, way)
    assert newcomer.hits > 0.4 * newcomer.runs
    assert not newcomer.violations, "\n".join(
        [f"{len(newcomer.violations)} violations in {newcomer.runs} runs, the first:", *newcomer.violations[:12]])
