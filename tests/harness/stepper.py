"""A program interfered with at one system call after the other, each time on a fresh copy of one
machine, and what must hold afterwards.  tests/tools/step.c does the interfering."""
import bisect
import json
import os
import re
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import pytest

from harness.relay import RENEWABLE, LocalStore, token
from harness.world import LIBEXEC, Result, World

BUILD = Path(os.environ.get("CREDRELAY_BUILD", "/nonexistent"))
STEP = BUILD / "tests" / "tools" / "step"
ERRORS = ("ENOSPC", "EIO", "EINTR", "EROFS", "EDQUOT", "ENOMEM", "EMFILE", "ESTALE")
WAYS = ("kill", *ERRORS, "short")

# `make torture` goes to every system call in every way; `make check` takes each call in two.
EVERYTHING = os.environ.get("CREDRELAY_TORTURE") == "all"


def in_parts(ways):
    """A fixture, [way, ...]: all of them in one test, and in `make torture`, which goes on for hours, one
    in a test of its own each, to be run alone (-k EIO)."""
    def some(request):
        return getattr(request, "param", ways)
    return pytest.fixture(some, **({"params": [[way] for way in ways], "ids": map(str, ways)} if EVERYTHING else {}))


def enough(hits, runs, ways):
    """Did what was to be done to RUNS calls take effect?  Few calls write, if any, and can be cut short."""
    return ways == ["short"] or hits > 0.4 * runs

A_TESTS = {"bin", "report", "manager", "client.jsonl"}  # in a home, and none of ours

# What may be there after trouble only: what is remembered of it, and a killed holder's lock, which the next
# who has something to write takes over, be it the client.
AFTER_TROUBLE = {"claude.incident.json", "claude.incident.lock", "claude.trouble", ".claude.lock"}

# What a file is called until it is whole, ours and the client's.
TEMPORARY = re.compile(r"\.credrelay-[0-9a-f]+$|\.tmp\b")


@dataclass
class Scenario:
    """One command on one machine, and what may be found after it.

    old, new   numbers of the logins (harness.relay.token); 0: none
    file, store   which of the two each holds once the command has succeeded
    """

    name: str
    prepare: Callable  # of a World and its store
    argv: list
    old: int = 1
    new: int = 2
    moves: str = "file"  # what the command changes: "file", "store" or "nothing"
    out: str = None      # all of stdout after a success; None: anything
    again: list = None   # the command of the next run; the same
    wraps: bool = False  # it passes on what a client says, and ends as that did (126, 127: none was started)
    of: str = "credrelay"
    rare: int = 1        # one in so many places only: it takes long
    beside: dict = field(default_factory=lambda: {"mcpOAuth": {"server": {"token": "TEST-OTHER"}}})


class Machine(World):
    """A World whose environment is ready for a login file with company, and one local store."""

    def __init__(self, home):
        super().__init__(home)
        self.store = LocalStore(home / "store.db")

    def put_login(self, n, beside, **more):
        from harness.relay import made_up
        content = {**made_up(n, **more), **beside}
        self.write_login(content)

    def holds(self):
        """The access token in the file, 0 without one; of one that is no login what is wrong with it."""
        if not self.login_path.exists():
            return 0
        try:
            return self.read_login()["claudeAiOauth"]["accessToken"]
        except (ValueError, KeyError) as error:
            return f"something torn: {error}: {self.login_path.read_bytes()[:80]}"

    def files(self):
        """Everything in the home, by name, but for what tests put there for themselves."""
        return sorted(str(p.relative_to(self.home)) for top in self.home.iterdir() if top.name not in A_TESTS
                      for p in [top, *(top.rglob("*") if top.is_dir() else ())])

    def open_to_others(self):
        return {name for name in self.files()
                if stat.S_ISREG(mode := (self.home / name).lstat().st_mode) and mode & 0o077}


def copy(template, home):
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template.home, home, symlinks=True)
    machine = Machine(home)
    machine.env.update({k: v.replace(str(template.home), str(home)) for k, v in template.env.items()})
    config = home / ".config" / "credrelay" / "credrelay.conf"
    config.write_text(config.read_text().replace(str(template.home), str(home)))
    return machine


def age_locks(machine):
    """The client's lock of somebody killed is taken over after 10 s: those have passed."""
    then = time.time() - 60
    for lock in machine.home.glob(".claude*.lock*"):
        os.utime(lock, (then, then))


class Stepper:
    """Goes through one scenario and collects what was violated."""

    def __init__(self, scenario, folder):
        self.scenario, self.folder = scenario, folder
        self.template = Machine(folder / "template")
        scenario.prepare(self.template)
        self.was_open = self.template.open_to_others()
        self.violations = []
        self.runs = self.hits = 0
        clean = copy(self.template, folder / "machine")
        self.result, self.calls, _ = self.run(clean, 0, "kill")
        self.clean_files = clean.files()
        self.expect(clean, "undisturbed", self.result.status == 0, self.result)
        self.check_done(clean, "undisturbed")

    def run(self, machine, at, way):
        report = machine.home / "report"
        try:
            result = machine.run(STEP, report, self.scenario.of, at, way, *self.scenario.argv)
        except subprocess.TimeoutExpired:
            return Result(128, "", "it hangs", 60), 0, None
        words = dict(line.split(None, 1) for line in report.read_text().splitlines())
        report.unlink()
        return result, int(words["CALLS"]), words.get("HIT")

    def expect(self, machine, where, ok, what):
        if not ok:
            self.violations.append(f"{self.scenario.name}, {where}: {what}")

    # -- what must hold ----------------------------------------------------------------------------

    def tokens(self):
        return {token(n) for n in (self.scenario.old, self.scenario.new) if n} | {0}

    def check_whole(self, machine, where):
        """Old or new, whole, private, with its company."""
        s, path = self.scenario, machine.login_path
        if path.exists():
            self.expect(machine, where, stat.S_IMODE(path.stat().st_mode) == 0o600, oct(path.stat().st_mode))
        elif s.moves != "file" or s.old:
            return self.expect(machine, where, False, "the login file is gone")
        held = machine.holds()
        if held not in self.tokens():
            self.expect(machine, where, False, f"the file holds {held}")
        elif held:
            self.expect(machine, where, s.beside.items() <= machine.read_login().items(), "company is lost")

    def check_private(self, machine, where):
        """Nothing of ours is readable by others, also what is not whole yet."""
        for name in machine.open_to_others() - self.was_open:
            mode = stat.S_IMODE((machine.home / name).lstat().st_mode)
            self.expect(machine, where, False, f"{name} has mode {oct(mode)}")

    def check_store(self, machine, where):
        """No blank, torn or older login in any version."""
        try:
            versions = machine.store.history()
        except Exception as error:
            return self.expect(machine, where, False, f"the store: {error}")
        allowed = [token(self.scenario.old), token(self.scenario.new)]
        order = [allowed.index(v) if v in allowed else -1 for v in versions]
        self.expect(machine, where, -1 not in order and order == sorted(order), f"the store went {versions}")

    def check_done(self, machine, where):
        """The command has succeeded: what it was to bring about is there."""
        s = self.scenario
        if s.moves == "file":
            self.expect(machine, where, machine.holds() == token(s.new), f"the file holds {machine.holds()}")
        if s.moves == "store":
            shared = machine.store.shared()
            self.expect(machine, where, shared and shared["accessToken"] == token(s.new), f"the store: {shared}")
        self.check_store(machine, where)

    def check_told(self, machine, where, result):
        s = self.scenario
        if result.status == 0:
            self.check_done(machine, where)
            self.expect(machine, where, s.out in (None, result.out), f"said {result.out!r}")
        elif result.status == 128:
            self.expect(machine, where, False, result.err)
        elif result.status < 128:
            said = result.err + (result.out if s.wraps else "")
            self.expect(machine, where, said.strip(), f"failed in silence ({result.status})")
            most = 127 if s.wraps else 78
            self.expect(machine, where, result.status in range(1, most + 1), f"ended with {result.status}")
        else:
            # A signal of our own making comes with the calls killed; no other may.
            self.expect(machine, where, where.startswith("kill") and result.status == 128 + 9,
                        f"ended by signal {result.status - 128}: {result.err}")

    def check_after(self, machine, where, result):
        self.check_whole(machine, where)
        self.check_private(machine, where)
        self.check_told(machine, where, result)

    # -- one disturbed run, and the next -------------------------------------------------------------

    def disturb(self, at, way, recovery=None):
        """True: the call, with RECOVERY the one of the run after it, was met."""
        machine = copy(self.template, self.folder / "machine")
        result, _, name = self.run(machine, at, way)
        where = f"{way} at {at} ({name})"
        self.runs += 1
        self.check_after(machine, where, result)
        if recovery:
            age_locks(machine)
            result, _, name = self.run(machine, recovery, way)
            where += f", then at {recovery} ({name})"
            self.check_after(machine, where, result)
        self.hits += name is not None
        self.check_recovery(machine, where)
        return name is not None

    # -- where it matters ------------------------------------------------------------------------

    def killed_at(self, at, before=None):
        """(what a kill at call AT leaves, times and random names aside, how many calls there were).
        AT 0: what the end leaves; BEFORE: at this one the run before was killed."""
        machine = copy(self.template, self.folder / "machine")
        if before:
            self.run(machine, before, "kill")
            age_locks(machine)
        _, calls, _ = self.run(machine, at, "kill")
        files = {TEMPORARY.sub("(temporary)", str(path.relative_to(machine.home))): self.content(path)
                 for path in map(machine.home.joinpath, machine.files())
                 if path.name != "events.jsonl" and not path.name.startswith(machine.store.path.name)}
        return (files, machine.store.history(), machine.store.history(RENEWABLE)), calls

    @staticmethod
    def content(path):
        """Times aside; the client's lock is a folder."""
        return re.sub(rb"\d+", b"", path.read_bytes()) if path.is_file() else None

    def window(self, before=None):
        """The calls before which a kill leaves something between the state before and the state after:
        a kill outside of it is like none."""
        begin, _ = self.killed_at(1, before)
        end, calls = self.killed_at(0, before)
        every = range(1, calls + 1)
        first = bisect.bisect_left(every, True, key=lambda at: self.killed_at(at, before)[0] != begin)
        last = bisect.bisect_left(every, True, lo=first, key=lambda at: self.killed_at(at, before)[0] == end)
        return every[first:last]

    def check_recovery(self, machine, where):
        age_locks(machine)
        result = machine.run(*(self.scenario.again or self.scenario.argv))
        where += ", the next run"
        self.expect(machine, where, result.status == 0, f"{result.status}: {result.err}")
        self.check_whole(machine, where)
        self.check_done(machine, where)
        left = [f for f in machine.files() if f not in self.clean_files and Path(f).name not in AFTER_TROUBLE]
        self.expect(machine, where, not left, f"left behind: {left}")

    def report(self):
        return f"{len(self.violations)} violations in {self.runs} runs, the first:\n" + "\n".join(self.violations[:12])


STARVED = BUILD / "tests" / "tools" / "credrelay-starved"


def starved_programs(folder):
    """A folder with the program whose allocator runs out, installed as the real one is."""
    prefix = folder / "prefix"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(STARVED, prefix / "bin" / "credrelay")
    (prefix / "bin" / "claude-p").symlink_to("credrelay")
    (prefix / "libexec").symlink_to(LIBEXEC.parent)
    return prefix / "bin"


def starved(machine, at, way, argv):
    """(result, was there an Nth allocation?) of ARGV, whose allocation AT fails: "once" or "sticky"."""
    report = machine.home / "report"
    result = machine.run(*argv, env={"CREDRELAY_FAIL_ALLOC": f"{at}{'+' if way == 'sticky' else ''}",
                                     "CREDRELAY_FAIL_REPORT": str(report)})
    hit = report.exists()
    report.unlink(missing_ok=True)
    return result, hit


class Starver(Stepper):
    """The same, with the Nth allocation failing, once or for ever after."""

    def __init__(self, scenario, folder):
        self.programs = starved_programs(folder)
        super().__init__(scenario, folder)

    def run(self, machine, at, way):
        argv = [self.programs / self.scenario.argv[0], *self.scenario.argv[1:]]
        result, hit = starved(machine, at, way, argv)
        return result, 0, "allocation" if hit else None

    def check_told(self, machine, where, result):
        if result.status < 0:
            return self.expect(machine, where, False, f"ended by signal {-result.status}")
        super().check_told(machine, where, result)
        wraps = self.scenario.wraps and result.status in (1, 127)
        self.expect(machine, where, result.status == 0 or wraps or "out of memory" in result.err,
                    f"does not say why: {result.err!r}")
        self.expect(machine, where, "Sanitizer" not in result.err, result.err)
