"""What the last run of each part found, for docs/reliability.md: build-PART/results.json,

    {NAME: {"ok": true, "cases": 12, "hits": 7, "note": "in 600 s", "at": "2026-11-24 12:00", "commit": "1234abc"}}

A name is what tests/promises.py calls a test: "tests/system/test_sync.py::test_story[...]", "unit decide",
"fuzz pump", "mutant no lock", "model three writers", "power ext4".  hits: of the cases, those in which what
was injected took effect."""
import json
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def stamp():
    def git(*argv):
        return subprocess.run(["git", "-C", ROOT, *argv], stdout=subprocess.PIPE, text=True).stdout.strip()
    changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
    return {"at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
            "commit": git("rev-parse", "--short=9", "HEAD") + changed}


def load(path):
    return json.loads(path.read_text()) if path.exists() else {}


def write(path, found):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def keep(part, found, whole=False):
    """Note what a run of PART has FOUND; unless it was the WHOLE of it, beside what is known of the rest."""
    path = ROOT / f"build-{part}" / "results.json"
    now = stamp()
    found = {name: {**entry, **now} for name, entry in found.items()}
    write(path, {**({} if whole else load(path)), **found})


def of_unit_tests(testlog):
    """Of meson's testlog.json: programs of cmocka say how many tests they have run."""
    found = {}
    for line in open(testlog):
        test = json.loads(line)
        said = test.get("stdout", "") + test.get("stderr", "")
        cases = re.search(r"^\[==========\] .*?(\d+) test\(s\) run\.", said, re.M)
        if test["result"] != "SKIP":
            found["unit " + test["name"].rpartition(" ")[2]] = {"ok": test["result"] == "OK",
                                                               "cases": int(cases[1]) if cases else 1}
    return found


def of_pytest(report):
    """Of a report of pytest's; a test may say how many cases it went through."""
    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            continue
        said = {p.get("name"): int(p.get("value")) for p in case.iter("property")
                if p.get("name") in ("cases", "hits")}
        name = case.get("classname").replace(".", "/") + ".py::" + case.get("name")
        ok = case.find("failure") is None and case.find("error") is None and found.get(name, {"ok": True})["ok"]
        found[name] = {"ok": ok, "cases": 1, **said}  # one that failed in the end is there twice
    return found


def of_fuzzing(seconds, status, log):
    """Of what libFuzzer printed."""
    executions = re.findall(r"^stat::number_of_executed_units: (\d+)|^Done (\d+) runs|^#(\d+)\s", log, re.M)
    count = max((int(n) for row in executions for n in row if n), default=0)
    return {"ok": status == 0, "cases": count, "seconds": seconds, **stamp()}


def longest_run(before, now):
    """Of two entries of one target: the longer run counts, and the last one says whether it passes."""
    best = before if before and before["seconds"] > now["seconds"] else now
    last = now.get("last", now)
    return {**best, "ok": last["ok"], "found": best.get("found", not best["ok"]),
            "last": {k: last[k] for k in ("ok", "seconds", "at", "commit")}}


def keep_fuzzing(target, entry):
    name = f"fuzz {target}"
    path = ROOT / "build-fuzz" / "results.json"
    kept = load(path)
    kept[name] = longest_run(kept.get(name), entry)
    write(path, kept)


if __name__ == "__main__":  # results.py fuzz TARGET SECONDS STATUS LOG
    of, seconds, status, output = sys.argv[2:]
    keep_fuzzing(of, of_fuzzing(int(seconds), int(status), Path(output).read_text(errors="replace")))
