"""The harness has teeth: writers that are wrong, each in one way (tests/tools/broken_writer.c), are
stepped through like our own commands, and each is found out; the one that is right is not.

A missing fsync(2) is none of the ways: a killed process takes nothing along that the kernel has, so
only a power cut shows it (`make power-cut`)."""
import json

import pytest

from crash.scenarios import BESIDE, in_step
from harness.relay import made_up
from harness.stepper import BUILD, EVERYTHING, STEP, WAYS, Scenario, Stepper

WRITER = BUILD / "tests" / "tools" / "broken-writer"

pytestmark = pytest.mark.skipif(
    not WRITER.exists() or "asan" in BUILD.name,
    reason="steps through the system calls of a program without sanitizers (Linux, x86-64)")

# way: what is said about it.
BROKEN = {
    "in-place": "torn",
    "early-rename": "torn",
    "readable": "has mode 0o644",
    "unswept": "left behind",
    "unheeding": "torn",
    "silent": "failed in silence",
}


def a_login_to_write(machine):
    in_step(machine)
    new = made_up(2)
    (machine.home / "new.json").write_text(json.dumps({**new, **BESIDE}))


def step_through(folder, way, until=None):
    """Every call, killed, failed and, where it writes, cut short; UNTIL the text was found."""
    stepper = Stepper(Scenario(way, a_login_to_write, [WRITER, way, "new.json", ".claude/.credentials.json"],
                               of=WRITER.name), folder)
    for how in WAYS if EVERYTHING else ("kill", "ENOSPC", "EINTR", "short"):
        for at in range(1, stepper.calls + 1):
            stepper.disturb(at, how)
            if until and any(until in v for v in stepper.violations):
                return stepper
    return stepper


def test_what_is_right_passes(tmp_path, record_property):
    stepper = step_through(tmp_path, "right")
    record_property("cases", stepper.runs)
    record_property("hits", stepper.hits)
    assert stepper.hits > 0.6 * stepper.runs > 20
    assert not stepper.violations, stepper.report()


@pytest.mark.parametrize("way", BROKEN)
def test_what_is_broken_is_found(tmp_path, way, record_property):
    stepper = step_through(tmp_path, way, until=BROKEN[way])
    record_property("cases", stepper.runs)
    assert any(BROKEN[way] in v for v in stepper.violations), f"{way} passed {stepper.runs} runs"
