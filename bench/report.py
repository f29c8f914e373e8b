"""Rows of results: as a table for people, as JSON, as Markdown."""
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from measure import Spread

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """One comparison.  Numbers where less is better, in `unit`: us, KiB or a count ("")."""

    what: str
    rival: str
    ours: Spread
    theirs: Spread = None
    unit: str = "us"
    least: float = None    # the ratio that is expected; None: nothing is
    note: str = None       # what is shown when there are no numbers
    claim: tuple = None    # (what is expected, is it so)

    @property
    def ratio(self):
        """How many times more the rival takes; None when there is no telling."""
        if not self.ours or not self.theirs or self.ours.middle <= 0:
            return None
        return self.theirs.middle / self.ours.middle

    @property
    def met(self):
        if self.claim:
            return self.claim[1]
        if self.least is None or not self.ours or not self.theirs:
            return None
        return self.theirs.middle >= self.least * self.ours.middle

    @property
    def wanted(self):
        if self.claim:
            return self.claim[0]
        if self.least is None:
            return ""
        return "no more" if self.least == 1 else f"{self.least:g} times less"

    def expected(self):
        return self.wanted + {None: "", True: ": met", False: ": NOT MET"}[self.met]

    def shown_ratio(self):
        if self.ratio is None:
            return ""
        return f"{self.ratio:.2f}" if self.ratio < 10 else f"{self.ratio:.1f}"


def number(value, unit):
    if unit == "us":
        return f"{value / 1e6:.2f} s" if abs(value) >= 1e6 else f"{value / 1000:.2f} ms"
    if unit == "KiB":
        return f"{value / 1024:.1f} MiB"
    return f"{value:,.0f}"


def amount(spread, unit):
    if spread is None:
        return "-"
    text = number(spread.middle, unit)
    if spread.low == spread.high:
        return text
    low, high = (number(edge, unit).split()[0] for edge in (spread.low, spread.high))
    return f"{text} ({low}..{high})"


HEAD = ("what", "against", "credrelay", "the other", "ratio", "expected")


def cells(row):
    if row.note:
        return (row.what, row.rival, row.note, "", "", row.expected())
    return (row.what, row.rival, amount(row.ours, row.unit), amount(row.theirs, row.unit),
            row.shown_ratio(), row.expected())


def table(groups):
    """GROUPS: {title: [Row]}."""
    width = [max(len(c[i]) for c in (HEAD, *(cells(r) for rows in groups.values() for r in rows)))
             for i in range(len(HEAD))]

    def line(columns):
        return "  ".join(text.ljust(w) for text, w in zip(columns, width)).rstrip()

    parts = ["  " + line(HEAD)]
    for title, rows in groups.items():
        parts += [title, *("  " + line(cells(row)) for row in rows)]
    return "\n".join(parts)


def verdict(groups):
    rows = [(title, row) for title, rows in groups.items() for row in rows if row.met is not None]
    missed = [f"  not met: {title}, {row.what}: {row.shown_ratio() or row.note} "
              f"against {row.rival}, expected {row.wanted}" for title, row in rows if not row.met]
    return "\n".join([f"{len(rows) - len(missed)} of {len(rows)} expectations met", *missed])


def as_json(groups):
    return {"machine": machine(), "groups": {
        title: [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows]
        for title, rows in groups.items()}}


# -- where and when ------------------------------------------------------------------------------


def output(*argv):
    run = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True)
    return run.stdout.strip()


def processor():
    if sys.platform == "darwin":
        return output("sysctl", "-n", "machdep.cpu.brand_string")
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def system():
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {kernel}"


def commit():
    changed = output("git", "status", "--porcelain", "--untracked-files=no", "--", ".",
                     ":!bench/RESULTS.md")
    return output("git", "rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def machine():
    """No host name and no path: the file is for everybody."""
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "commit": commit(),
            "processor": processor(), "cores": os.cpu_count(), "system": system()}


def markdown(groups):
    where = machine()
    parts = ["# Results of `make bench`", "",
             f"{where['date']}, commit {where['commit']}; {where['processor']}, "
             f"{where['cores']} cores; {where['system']}.", "",
             "Medians, and in brackets what 10 and 90 of 100 runs stay below.  `compare.py` says "
             "how each is measured.", ""]
    for title, rows in groups.items():
        parts += [f"## {title}", "", f"| {' | '.join(HEAD)} |",
                  "|---|---|---|---|---|---|"]
        parts += ["| " + " | ".join(cells(row)) + " |" for row in rows] + [""]
    return "\n".join([*parts, verdict(groups), ""])
