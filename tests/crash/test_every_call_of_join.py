"""join, also over a lock that a client left, killed at every system call, failed at every system call,
and with every allocation failing: each of its files is absent or whole and private, no configuration
names keys that are not there, a failure says so, and the same line joined again finishes it and leaves
nothing behind."""
import os
import random
import shutil
import subprocess

import pytest

from harness.invitations import open_line
from harness.relay import LocalStore, made_up, token
from harness.stepper import EVERYTHING, STARVED, STEP, WAYS, age_locks, enough, in_parts
from harness.world import LIBEXEC, World

KEYS = "[r]\naws_access_key_id = AKIATEST\naws_secret_access_key = made-up\n"
JOIN = ["credrelay", "join", "--no-service"]


class Newcomer:
    """One machine after the other that joins by the same line."""

    def __init__(self, folder, stale_lock=False):
        self.folder, self.stale_lock = folder, stale_lock
        self.store = LocalStore(folder / "shared" / "store.db")
        self.store.path.parent.mkdir(mode=0o700)
        self.store.put(made_up(1, refresh=None))
        settings = {"tool": "claude", "role": "reader", "store": self.store.url, "reader-profile": "r"}
        self.config = "[claude]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
        self.line = open_line(settings=settings,
                              keys=[{"profile": "r", "id": "AKIATEST", "secret": "made-up"}])
        self.violations, self.runs, self.hits = [], 0, 0
        self.prepare()
        machine, result, self.calls, _ = self.disturbed(0, "kill")
        self.clean = self.files(machine)
        self.expect("undisturbed", result.status == 0 and self.has(machine) == (True,) * 3, result)

    def expect(self, where, ok, what):
        if not ok:
            self.violations.append(f"{where}: {what}")

    def prepare(self):
        pass

    def machine(self):
        home = self.folder / "machine"
        shutil.rmtree(home, ignore_errors=True)
        world = World(home)
        if self.stale_lock:
            (home / ".claude.lock").mkdir()
            age_locks(world)
        return world

    def disturbed(self, at, way):
        """(machine, result, calls in all, the call that was met or None)"""
        machine = self.machine()
        report = machine.home / "report"
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
            elif result.status == 128 + 9:
                self.expect(where, way == "kill", "it was killed")
            else:
                self.expect(where, 0 < result.status < 128 and result.err.strip(), result)
                self.expect(where, "Sanitizer" not in result.err, result.err)
            age_locks(machine)
            again = machine.run(*JOIN, input=self.line)
            self.expect(f"{where}, again", again.status == 0, again)
            self.expect(f"{where}, again", self.has(machine) == (True,) * 3, "not all is there")
            left = [f for f in self.files(machine) if f not in self.clean]
            self.expect(f"{where}, again", not left, f"left behind: {left}")
        except AssertionError as error:
            self.expect(where, False, f"torn: {error}")


ways = in_parts(WAYS)


def plan(newcomer, ways):
    """[(call, way), ...]: each call in each way, or a sample."""
    if EVERYTHING:
        return [(at, way) for way in ways for at in range(1, newcomer.calls + 1)]
    dice = random.Random("join")
    calls = range(1 + dice.randrange(3), newcomer.calls + 1, max(1, newcomer.calls // 25))
    return [(at, "kill") for at in calls] + [(at, dice.choice(WAYS[1:])) for at in calls]


def report(newcomer):
    return "\n".join([f"{len(newcomer.violations)} violations in {newcomer.runs} runs, the first:",
                      *newcomer.violations[:12]])


@pytest.mark.skipif(
    not STEP.exists() or "asan" in os.environ.get("CREDRELAY_BUILD", ""),
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")
@pytest.mark.parametrize("lock", ["no lock", "a stale lock"])
def test_every_call_of_join(tmp_path, lock, ways, record_property):
    newcomer = Newcomer(tmp_path, stale_lock=lock == "a stale lock")
    for at, way in plan(newcomer, ways):
        newcomer.disturb(at, way)
    record_property("cases", newcomer.runs)
    record_property("hits", newcomer.hits)
    assert enough(newcomer.hits, newcomer.runs, ways)
    assert not newcomer.violations, report(newcomer)


class Starved(Newcomer):
    """The same, with the Nth allocation failing, once or for ever after."""

    def prepare(self):
        prefix = self.folder / "prefix"
        (prefix / "bin").mkdir(parents=True)
        shutil.copy(STARVED, prefix / "bin" / "credrelay")
        (prefix / "libexec").symlink_to(LIBEXEC.parent)
        self.program = prefix / "bin" / "credrelay"

    def disturbed(self, at, way):
        machine = self.machine()
        met = machine.home / "report"
        result = machine.run(self.program, *JOIN[1:], input=self.line,
                             env={"CREDRELAY_FAIL_ALLOC": f"{at}{'+' if way == 'sticky' else ''}",
                                  "CREDRELAY_FAIL_REPORT": str(met)})
        name = "allocation" if met.exists() else None
        met.unlink(missing_ok=True)
        return machine, result, 0, name


@pytest.mark.skipif(not STARVED.exists(), reason="the allocator is wrapped by the linker (Linux)")
@pytest.mark.parametrize("way", ["once", "sticky"])
def test_every_allocation_of_join(tmp_path, way, record_property):
    newcomer = Starved(tmp_path)
    for at in range(1, 20_000, 1 if EVERYTHING else 41):
        hits = newcomer.hits
        newcomer.disturb(at, way)
        if newcomer.hits == hits:
            break
    record_property("cases", newcomer.runs)
    record_property("hits", newcomer.hits)
    assert newcomer.runs > 10 and at < 19_000
    assert not newcomer.violations, report(newcomer)
