"""The watcher that stays, killed at every system call of its start, of a sync and of its end.  Where it
was the process it had forked for the sync that was killed, it gets there by itself; where it was the
watcher, one that is started again does (`watch --once`, which ends when there is nothing to do)."""
import os
import random
import signal
import subprocess

import pytest

from crash.scenarios import SCENARIOS
from harness.relay import token, wait_for
from harness.stepper import BUILD, EVERYTHING, STEP, Stepper
from harness.watch import Watcher
from harness.world import Result

pytestmark = pytest.mark.skipif(
    not STEP.exists() or "asan" in BUILD.name,
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")

KILLS = 8    # of some hundred calls; `make torture` takes them all
BOUND = 180  # seconds; a sync that failed is tried again after one


class Resident(Stepper):
    """The watcher under the stepper, until it has done what there is to do, and is ended then."""

    def run(self, machine, at, way):
        report = machine.home / "report"
        process = machine.start(STEP, report, "credrelay", at, way, "credrelay", "watch", "--quiet",
                                stdout=subprocess.DEVNULL)
        wait_for(lambda: process.poll() is not None or self.settled(machine), BOUND)
        if process.poll() is None:
            os.kill(Watcher(machine).pid, signal.SIGTERM)
        _, err = process.communicate(timeout=BOUND)
        words = dict(line.split(None, 1) for line in report.read_text().splitlines())
        report.unlink()
        return Result(process.returncode, "", err.decode(), 0), int(words["CALLS"]), words.get("HIT")

    def settled(self, machine):
        """The login is where it is to be, and the watcher has said so."""
        watcher = Watcher(machine)
        there = machine.store.shared()["accessToken"] if self.scenario.moves == "store" else machine.holds()
        return there == token(self.scenario.new) and \
            watcher.relay().get("synced_at", 0) >= watcher.state().get("since", 0) > 0


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.argv[1] == "watch"], ids=lambda s: s.name)
def test_every_call_of_watch(tmp_path, scenario, record_property):
    stepper = Resident(scenario, tmp_path)
    every = range(1, stepper.calls + 1)
    for at in every if EVERYTHING else random.Random(scenario.name).sample(every, KILLS):
        stepper.disturb(at, "kill")
    record_property("cases", stepper.runs)
    record_property("hits", stepper.hits)
    assert stepper.hits > 0.4 * stepper.runs
    assert not stepper.violations, stepper.report()
