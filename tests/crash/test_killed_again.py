"""Killed at a system call, and killed again during the run after it, which sweeps, takes over and goes
on: the login is still whole, and the third run ends in the right state."""
import random

import pytest

from crash.scenarios import SCENARIOS
from harness.stepper import BUILD, EVERYTHING, STEP, Stepper, in_parts

pytestmark = pytest.mark.skipif(
    not STEP.exists() or "asan" in BUILD.name,
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")

FIRST, SECOND = 5, 3  # so many first kills, and second ones after each; `make torture` takes all,
PIECES = 10           # in so many tests


pieces = in_parts(range(PIECES))


def firsts(stepper, dice, pieces):
    calls = stepper.window()
    return sorted(at for n in pieces for at in calls[n::PIECES]) if EVERYTHING else dice.sample(calls, FIRST)


def seconds(stepper, dice, at):
    """To find where the run after a kill AT begins to change anything is worth it for all pairs only."""
    if EVERYTHING:
        return stepper.window(before=at)
    _, calls = stepper.killed_at(0, before=at)
    return dice.sample(range(1, calls + 1), SECOND)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.name in ("publish", "pull")], ids=lambda s: s.name)
def test_killed_again(tmp_path, scenario, pieces, record_property):
    stepper = Stepper(scenario, tmp_path)
    dice = random.Random(scenario.name)
    for at in firsts(stepper, dice, pieces):
        for again in seconds(stepper, dice, at):
            stepper.disturb(at, "kill", recovery=again)
    record_property("cases", stepper.runs)
    record_property("hits", stepper.hits)
    assert stepper.hits > 0.5 * stepper.runs > 5
    assert not stepper.violations, stepper.report()
