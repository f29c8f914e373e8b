"""Each command that shows something or only says what it would do, with its Nth allocation failing,
once and for ever after: it shows what it can, or says that memory ran out; never a signal, no leak
(under AddressSanitizer), and nothing of the machine changes."""
import shutil

import pytest

from crash.scenarios import in_step
from harness.stepper import BUILD, EVERYTHING, STARVED, Machine
from harness.world import LIBEXEC

pytestmark = [
    pytest.mark.skipif(not STARVED.exists(), reason="the allocator is wrapped by the linker (Linux)"),
    pytest.mark.skipif(not EVERYTHING and BUILD.name not in ("build-asan", "build-coverage"),
                       reason="done in the build that sees leaks")]

MOST = 20_000  # allocations of one command
COUNTED = BUILD.name == "build-coverage"

# (command, of how many allocations one fails where branches are counted; a tenth of that elsewhere)
COMMANDS = [
    ("status", 7), ("status --json", 7), ("doctor", 13), ("doctor --json", 13), ("log", 3),
    ("log --json", 3), ("log --stats", 3), ("log --prometheus metrics.prom", 3), ("history", 7),
    ("history --json", 7), ("rollback --dry-run 1", 7), ("publish --dry-run --force", 7),
    ("sync --dry-run", 7), ("pull --dry-run --force", 7), ("renew --dry-run", 7), ("service status", 7),
    ("init --dry-run --yes --role reader --store local:", 7), ("invite --no-seal reader", 7),
    ("service print", 5), ("service install --dry-run", 7), ("alert", 5),
    ("aws policy reader", 5), ("aws policy writer", 5), ("aws template cloudformation", 5), ("aws template terraform", 5),
]


class Starved:
    """One machine, and the program on it with an allocator that runs out."""

    def __init__(self, folder, command):
        self.prefix = folder / "prefix"
        (self.prefix / "bin").mkdir(parents=True)
        shutil.copy(STARVED, self.prefix / "bin" / "credrelay")
        (self.prefix / "libexec").symlink_to(LIBEXEC.parent)
        self.machine = Machine(folder / "machine")
        in_step(self.machine)
        if command.startswith(("aws", "invite")):
            self.machine.configure("[claude]\nstore = ssm://us-west-2/claude/oauth/credentials\n")

    def run(self, argv, at="", way=""):
        report = self.machine.home / "report"
        report.unlink(missing_ok=True)
        env = {"CREDRELAY_FAIL_ALLOC": f"{at}{way}", "CREDRELAY_FAIL_REPORT": str(report)} if at else {}
        ran = self.machine.run(self.prefix / "bin" / "credrelay", *argv, env=env)
        return ran, report.exists()


@pytest.mark.parametrize("command, stride", COMMANDS, ids=[c.replace(" ", "_") for c, _ in COMMANDS])
def test_starved(tmp_path, record_property, command, stride):
    starved = Starved(tmp_path, command)
    argv = command.split()
    whole, _ = starved.run(argv)
    login, store = starved.machine.login_path.read_bytes(), starved.machine.store.history()
    stride = 1 if EVERYTHING else stride if COUNTED else 10 * stride
    runs, wrong = 0, []
    for way in ("", "+"):
        for at in range(1, MOST, stride):
            ran, hit = starved.run(argv, at, way)
            runs += 1
            # What cannot be looked at for want of memory may be missing from what is shown; a command
            # that gives up says why.
            shown = ran.status in (0, 1, 2, whole.status)
            said = ran.status in range(3, 79) and "out of memory" in ran.err + ran.out
            if not (shown or said) or "Sanitizer" in ran.err:
                wrong.append((at, way, ran.status, ran.err[-300:]))
            if not hit:
                break
        assert at < MOST - stride
    record_property("cases", runs)
    assert not wrong, f"{len(wrong)} of {runs}: {wrong[:5]}"
    assert starved.machine.login_path.read_bytes() == login
    assert starved.machine.store.history() == store
