"""How docs/reliability.md comes about: what is taken over from the last runs, and what the page says of it."""
import importlib.machinery
import importlib.util
import json
import sys

import pytest

from harness.world import TESTS
from promises import Promise

SCRIPTS = TESTS.parent / "scripts"


def script(name):
    sys.path.insert(0, str(SCRIPTS))
    loader = importlib.machinery.SourceFileLoader(f"the_{name}", str(SCRIPTS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


reliability = script("reliability")
results = reliability.results

SYNC, SECOND = "tests/system/test_sync.py::test_it", "tests/system/test_two.py"
NOTHING = {"promises": {}, "fuzz": {}, "mutants": {}}


def entry(ok=True, cases=1, at="2026-01-02 10:00", commit="abc", **more):
    return {"ok": ok, "cases": cases, "at": at, "commit": commit, **more}


@pytest.fixture
def left(tmp_path, monkeypatch):
    """left(part, {name: entry}): what a part has left; the only promise needs SYNC and SECOND."""
    monkeypatch.setattr(reliability, "ROOT", tmp_path)
    monkeypatch.setattr(reliability, "SECTIONS", {"One": [Promise("It works", (SYNC, SECOND))],
                                                  "Two": [Promise("No byte", ("fuzz *",), "fuzz")],
                                                  "Three": []})

    def leave(part, found, name="results.json"):
        folder = tmp_path / f"build-{part}"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(found))
    return leave


def row(kept=NOTHING, says="It works"):
    return reliability.take_over(kept)["promises"].get(says)


def test_a_row_counts_its_tests_and_has_the_oldest_date(left):
    left("check", {SYNC + "[a]": entry(cases=5, hits=2), SYNC + "[b]": entry(at="2026-01-01 09:00", commit="old"),
                   SYNC + "_too": entry(ok=False), SECOND + "::test_x": entry()})
    assert row() == {"tests": 3, "cases": 7, "hits": 2, "failed": [], "at": "2026-01-01 09:00", "commit": "old"}


def test_what_was_run_in_part_keeps_what_is_known(left):
    left("check", {SYNC: entry()})
    assert row() is None
    kept = {**NOTHING, "promises": {"It works": "as it was"}}
    assert row(kept) == "as it was"


@pytest.mark.parametrize("fails", ["check", "asan"])
def test_what_fails_in_one_build_fails(left, fails):
    for part in ("check", "asan"):
        left(part, {SYNC: entry(ok=part != fails), SECOND + "::test_x": entry()})
    assert row()["failed"] == [SYNC]
    assert f"**1 FAILED**: `{SYNC.removeprefix('tests/')}` (2026-01-02, abc)" in reliability.page(
        reliability.take_over(NOTHING))


def test_the_longest_run_of_a_target_is_kept_and_the_last_one_counts(left):
    long, short = entry(cases=1000, seconds=600), entry(ok=False, cases=3, seconds=6, at="2026-01-03 10:00")
    left("fuzz", {"fuzz pump": results.longest_run(results.longest_run(None, long), short)})
    kept = reliability.take_over(NOTHING)
    assert (kept["promises"]["No byte"]["cases"], kept["promises"]["No byte"]["failed"]) == (1000, ["fuzz pump"])
    assert "| pump | 1,000 | 600 | nothing (2026-01-02, abc) | **FAILED**, 6 s (2026-01-03, abc) |" in reliability.page(kept)
    left("fuzz", {"fuzz pump": results.longest_run(None, {**short, "ok": True})})  # a new clone
    kept = reliability.take_over(kept)
    assert (kept["promises"]["No byte"]["cases"], kept["promises"]["No byte"]["failed"]) == (1000, [])


def cuts(lost):
    return {"ext4": {"cuts": 100, "acks": 4000, "lost": lost, "torn": 0}}


@pytest.mark.parametrize("lost, broken_lost, failed", [(0, 3, []), (1, 3, ["power ext4"]), (0, 0, ["power no-fsync on ext4"])])
def test_a_power_cut_loses_nothing_but_with_a_broken_writer(left, monkeypatch, lost, broken_lost, failed):
    monkeypatch.setitem(reliability.SECTIONS, "Three", [Promise("On the disk", ("power *",), "power-cut")])
    left("power", {**cuts(lost), "broken": {"no-fsync": cuts(broken_lost)}, "seed": 1, "date": "2026-01-02",
                   "commit": "abc"}, "result.json")
    kept = reliability.take_over(NOTHING)
    assert kept["promises"]["On the disk"]["failed"] == failed
    page = reliability.page(kept)
    assert f"| ext4 | 100 | 4,000 | {lost} | 0 |\n| no-fsync on ext4 (broken on purpose) | 100 | 4,000 |" in page


REPORT = """<testsuites><testsuite>
<testcase classname="tests.system.test_two" name="test_x[1]"><properties><property name="cases" value="7"/>
<property name="hits" value="4"/></properties></testcase>
<testcase classname="tests.system.test_two" name="test_y"><failure/></testcase>
<testcase classname="tests.system.test_two" name="test_z"/>
<testcase classname="tests.system.test_two" name="test_z"><error/></testcase>
<testcase classname="tests.system.test_two" name="test_skipped"><skipped/></testcase>
</testsuite></testsuites>"""


def test_what_pytest_reports(tmp_path):
    (tmp_path / "report.xml").write_text(REPORT)
    assert results.of_pytest(tmp_path / "report.xml") == {
        f"{SECOND}::test_x[1]": {"ok": True, "cases": 7, "hits": 4}, f"{SECOND}::test_y": {"ok": False, "cases": 1},
        f"{SECOND}::test_z": {"ok": False, "cases": 1}}


def test_what_the_unit_tests_report(tmp_path):
    tests = [{"name": "decide", "result": "OK", "stdout": "[==========] 108 test(s) run.\n"},
             {"name": "credrelay / fleet", "result": "FAIL", "stderr": "[==========] 2 test(s) run.\n"},
             {"name": "sim-few", "result": "OK"}, {"name": "other", "result": "SKIP"}]
    (tmp_path / "testlog.json").write_text("".join(json.dumps(t) + "\n" for t in tests))
    assert results.of_unit_tests(tmp_path / "testlog.json") == {
        "unit decide": {"ok": True, "cases": 108}, "unit fleet": {"ok": False, "cases": 2},
        "unit sim-few": {"ok": True, "cases": 1}}


@pytest.mark.parametrize("log, executions", [
    ("#2\tINITED\n#1048576\tpulse\n", 1048576), ("Done 18 runs in 601 second(s)\nstat::number_of_executed_units: 18\n", 18),
    ("no output\n", 0)])
def test_what_a_fuzzer_says(log, executions):
    assert results.of_fuzzing(60, 1, log).items() >= {"ok": False, "cases": executions, "seconds": 60}.items()
