"""Killed at every system call, and failed at every system call: the login is whole, old or new, the
store holds nothing blank or older, a failure says so, and the next run ends in the right state."""
import os
import random

import pytest

from crash.scenarios import SCENARIOS
from harness.stepper import BUILD, EVERYTHING, STEP, WAYS, Stepper, enough, in_parts

pytestmark = pytest.mark.skipif(
    not STEP.exists() or "asan" in os.environ.get("CREDRELAY_BUILD", ""),
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")


ways = in_parts(WAYS)


def plan(stepper, ways):
    """[(call, way), ...]"""
    if EVERYTHING:
        return [(at, way) for way in ways for at in range(1, stepper.calls + 1)]
    dice = random.Random(stepper.scenario.name)
    places = 150 if BUILD.name == "build-coverage" else 50
    stride = max(1, stepper.calls * stepper.scenario.rare // places)
    first = dice.randrange(stride)
    kills = [(at, "kill") for at in range(1 + first, stepper.calls + 1, stride)]
    return kills + [(at, dice.choice(WAYS[1:])) for at, _ in kills]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_every_call(tmp_path, scenario, ways, record_property):
    stepper = Stepper(scenario, tmp_path)
    for at, way in plan(stepper, ways):
        stepper.disturb(at, way)
    record_property("cases", stepper.runs)
    record_property("hits", stepper.hits)
    assert enough(stepper.hits, stepper.runs, ways)
    assert not stepper.violations, stepper.report()
