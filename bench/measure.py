"""How things are measured: runs in turns (runs.c), paired differences, counts that do not vary."""
import os
import re
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(os.environ["CREDRELAY_BUILD"])
WARM_UP = 3  # rounds that fill the caches and are not counted


class CouldNotRun(Exception):
    """What was to be measured did not work, so that there is nothing to tell about its time."""


@dataclass
class Took:
    """One run.  cpu and faults are of the program and its descendants, peak of the largest."""

    wall: int    # us
    cpu: int     # us
    peak: int    # KiB
    faults: int  # of pages


@dataclass
class Spread:
    """Many runs of one thing: the median, and what 10 and 90 of 100 runs stay below."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        values = list(values)
        tenths = statistics.quantiles(values, n=10, method="inclusive")
        return cls(statistics.median(values), tenths[0], tenths[-1])


def in_turns(world, rounds, commands, gone=None, stdin=None):
    """{name: [Took, one for each round]} of COMMANDS, {name: argv}, run in turns.  GONE: a file
    that is removed before each run; STDIN: a file."""
    arguments = [rounds + WARM_UP, *(["-u", gone] if gone else []), *(["-i", stdin] if stdin else [])]
    for argv in commands.values():
        arguments += ["--", *argv]
    result = world.run(BUILD / "bench" / "runs", *arguments, timeout=1800)
    if result.status != 0:
        raise CouldNotRun(result.err)
    names = list(commands)
    took = {name: [] for name in names}
    for line in result.out.splitlines():
        which, *numbers, status = map(int, line.split())
        if status != 0:
            raise CouldNotRun(f"{names[which]}: exit status {status}: {result.err[-500:]}")
        took[names[which]].append(Took(*numbers))
    return {name: runs[WARM_UP:] for name, runs in took.items()}


def spread(runs, field):
    return Spread.of(getattr(run, field) for run in runs)


def added(runs, bare, field):
    """What RUNS took beyond BARE, round by round: what both met in a round cancels."""
    return Spread.of(getattr(a, field) - getattr(b, field) for a, b in zip(runs, bare))


def prove(world, name, argv, wanted):
    """Run it once, before any time is taken: it must do what it is measured doing."""
    result = world.run(*argv)
    if result.status != 0 or not wanted(result):
        raise CouldNotRun(f"{name}: exit status {result.status}: "
                          f"{result.out[-300:]}{result.err[-500:]}")


# -- counts --------------------------------------------------------------------------------------


def empty_folder(world, name):
    folder = world.home / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def instructions(world, argv, descendants=False):
    """Instructions in user space, by callgrind; None without valgrind."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        return None
    folder = empty_folder(world, "callgrind")
    process = world.start(valgrind, "--tool=callgrind", f"--log-file={folder}/%p.log",
                          f"--callgrind-out-file={folder}/%p.out",
                          f"--trace-children={'yes' if descendants else 'no'}", *argv)
    out, err = process.communicate(timeout=300)
    if process.returncode != 0:
        raise CouldNotRun(f"valgrind {argv[0]}: exit status {process.returncode}: "
                          f"{err.decode()[-500:]}")
    # valgrind becomes the program: its own log is that of the process we started.
    logs = folder.glob("*.log") if descendants else [folder / f"{process.pid}.log"]
    counted = [re.search(r"Collected : (\d+)", log.read_text()) for log in logs]
    return sum(int(count[1]) for count in counted if count)


def own_calls(trace):
    """A process's calls: all of the program's, and those of a child of its until it is another."""
    lines = [line for line in trace.read_text(errors="replace").splitlines() if line[0] not in "+-"]
    if lines and lines[0].startswith("execve("):
        return len(lines)
    return next((at for at, line in enumerate(lines) if line.startswith("execve(")), len(lines))


def system_calls(world, argv, descendants=False):
    """System calls, by strace; None without it."""
    strace = shutil.which("strace")
    if not strace:
        return None
    folder = empty_folder(world, "strace")
    result = world.run(strace, "-qq", "-ff", "-o", folder / "trace", *argv, timeout=300)
    if result.status != 0:
        raise CouldNotRun(f"strace {argv[0]}: exit status {result.status}: {result.err[-500:]}")
    if descendants:
        return sum(trace.read_text(errors="replace").count("\n") for trace in folder.iterdir())
    return sum(own_calls(trace) for trace in folder.iterdir())
