"""`service install` and `uninstall`, killed and failed at every system call: the unit is whole, old or
new, a failure says so, and the same again ends with the right unit, running from it, or with none."""
import random
import shutil
import stat

import pytest

from harness.managed import Managed
from harness.stepper import BUILD, EVERYTHING, STEP, TEMPORARY, WAYS, enough, in_parts
from harness.world import PREFIX, World

pytestmark = pytest.mark.skipif(
    not STEP.exists() or "asan" in BUILD.name,
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")

POINTS = 4  # killed at, and as many failed at, of some hundred calls; `make torture` takes them all


def nothing(m):
    pass


def an_older_one_runs(m):
    m.world.env["CREDRELAY_ROLE"] = "reader"
    assert m.run("credrelay", "service", "install").status == 0
    del m.world.env["CREDRELAY_ROLE"]


# name: (what is there before, the action)
SCENARIOS = {
    "install": (nothing, "install"),
    "install over an older one": (an_older_one_runs, "install"),
    "uninstall": (an_older_one_runs, "uninstall"),
}


class Serviced:
    """One machine's service, from the beginning each time.  A unit has paths, so it stays in its place."""

    def __init__(self, folder, manager, prepare, action):
        self.home, self.template = folder / "machine", folder / "template"
        self.managed = Managed(World(self.home), manager)
        # The machine's own manager is not to answer for the stand-in.
        self.managed.world.env["PATH"] = f"{self.managed.world.bin}:{PREFIX / 'bin'}"
        self.argv = ["credrelay", "service", action, "--for", manager]
        self.installs = action == "install"
        self.violations, self.runs, self.hits = [], 0, 0
        prepare(self.managed)
        self.old = self.unit()
        shutil.copytree(self.home, self.template, symlinks=True)
        result, self.calls, _ = self.step(0, "kill")
        self.new = self.unit()
        self.expect("undisturbed", result.status == 0 and self.new != self.old, result)
        self.check_done("undisturbed")

    def begin(self):
        shutil.rmtree(self.home)
        shutil.copytree(self.template, self.home, symlinks=True)

    def unit(self):
        return self.managed.path.read_text() if self.managed.path.exists() else None

    def noted(self, name):
        path = self.managed.folder / name
        return path.read_text() if path.exists() else None

    def step(self, at, way):
        report = self.home / "report"
        result = self.managed.world.run(STEP, report, "credrelay", at, way, *self.argv)
        words = dict(line.split(None, 1) for line in report.read_text().splitlines())
        return result, int(words["CALLS"]), words.get("HIT")

    def expect(self, where, ok, what):
        if not ok:
            self.violations.append(f"{where}: {what}")

    def check_whole(self, where):
        unit = self.unit()
        self.expect(where, unit in (self.old, self.new), f"the unit reads {unit!r}")
        if unit:
            mode = stat.S_IMODE(self.managed.path.stat().st_mode)
            self.expect(where, mode == 0o600, f"the unit has mode {oct(mode)}")

    def check_done(self, where):
        """There is the new unit, or none, and the manager does as it says."""
        self.expect(where, self.unit() == self.new, "it is done, and the unit is the old one")
        self.expect(where, self.noted("runs") == self.new, f"what runs is {self.noted('runs')!r}")
        self.expect(where, (self.noted("pid") is not None) == self.installs, "does it run?")
        if self.managed.manager == "systemd":
            self.expect(where, self.managed.link.is_symlink() == self.installs, "is it enabled?")

    def check_told(self, where, way, result):
        if result.status == 0:
            self.check_done(where)
        elif result.status == 128 + 9:
            self.expect(where, way == "kill", "it was killed")
        else:
            self.expect(where, 0 < result.status < 79 and result.err.strip(), result)

    def disturb(self, at, way):
        self.begin()
        result, _, name = self.step(at, way)
        where = f"{way} at {at} ({name})"
        self.runs += 1
        self.hits += name is not None
        self.check_whole(where)
        self.check_told(where, way, result)
        where += ", again"
        again = self.managed.world.run(*self.argv)
        self.expect(where, again.status == 0, again)
        self.check_done(where)
        left = [p.name for p in self.home.rglob("*") if TEMPORARY.search(p.name)]
        self.expect(where, not left, f"left behind: {left}")


ways = in_parts(WAYS)


def plan(serviced, name, ways):
    every = range(1, serviced.calls + 1)
    if EVERYTHING:
        return [(at, way) for way in ways for at in every]
    dice = random.Random(name)
    return ([(at, "kill") for at in dice.sample(every, POINTS)] +
            [(at, dice.choice(WAYS[1:])) for at in dice.sample(every, POINTS)])


@pytest.mark.parametrize("manager", ["systemd", "launchd"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_call_of_service(tmp_path, name, manager, ways, record_property):
    serviced = Serviced(tmp_path, manager, *SCENARIOS[name])
    for at, way in plan(serviced, f"{name} {manager}", ways):
        serviced.disturb(at, way)
    record_property("cases", serviced.runs)
    record_property("hits", serviced.hits)
    assert enough(serviced.hits, serviced.runs, ways)
    assert not serviced.violations, "\n".join(serviced.violations)
