"""Each command with its Nth allocation failing, once and for ever after: an error message or success,
never a signal, no leak (under AddressSanitizer), and the login as whole as before."""
import pytest

from crash.scenarios import SCENARIOS
from harness.stepper import EVERYTHING, STARVED, Starver

pytestmark = pytest.mark.skipif(not STARVED.exists(), reason="the allocator is wrapped by the linker (Linux)")

MOST = 20_000  # allocations of one command


@pytest.mark.parametrize("way", ["once", "sticky"])
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.of == "credrelay"], ids=lambda s: s.name)
def test_every_allocation(tmp_path, scenario, way):
    starver = Starver(scenario, tmp_path)
    for at in range(1, MOST, 1 if EVERYTHING else 7 * scenario.rare):
        if not starver.disturb(at, way):
            break
    assert starver.runs > 10 // scenario.rare and at < MOST - 7 * scenario.rare
    assert not starver.violations, starver.report()
