"""Each command with its Nth allocation failing, once and for ever after: an error message or success,
never a signal, no leak (under AddressSanitizer), and the login as whole as before."""
import pytest

from crash.scenarios import SCENARIOS
from harness.stepper import BUILD, EVERYTHING, STARVED, Starver

# Under AddressSanitizer, which sees leaks, where branches are counted, or when everything is asked for.
pytestmark = [
    pytest.mark.skipif(not STARVED.exists(), reason="the allocator is wrapped by the linker (Linux)"),
    pytest.mark.skipif(not EVERYTHING and BUILD.name not in ("build-asan", "build-coverage"),
                       reason="done in the build that sees leaks")]

MOST = 20_000  # allocations of one command


@pytest.mark.parametrize("way", ["once", "sticky"])
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.of == "credrelay"], ids=lambda s: s.name)
def test_every_allocation(tmp_path, scenario, way, record_property):
    starver = Starver(scenario, tmp_path)
    step = 1 if EVERYTHING else (5 if BUILD.name == "build-coverage" else 13) * scenario.rare
    for at in range(1, MOST, step):
        if not starver.disturb(at, way):
            break
    record_property("cases", starver.runs)
    record_property("hits", starver.hits)
    assert starver.runs >= 5 and at < MOST - step
    assert not starver.violations, starver.report()
