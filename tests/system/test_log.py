"""The log as people and programs see it: `credrelay log`, its statistics, its metrics, and that it is
rotated under those who read it."""
import json
import os
import pty
import re
import signal
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.relay import LocalStore, fingerprint, join, made_up, token, wait_for
from harness.world import TESTS

README = (TESTS.parent / "README.md").read_text()


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


def line(name, ago=0, relay="claude", **fields):
    """An event's line as the program writes it, AGO seconds old."""
    at = datetime.now(timezone.utc) - timedelta(seconds=ago)
    ts = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    event = {"v": 1, "ts": ts, "event": name, "relay": relay, "machine": "machine-1", **fields}
    return json.dumps(event, separators=(",", ":")) + "\n"


def put_log(world, *lines, number=0):
    world.state.mkdir(parents=True, exist_ok=True)
    path = world.state / ("events.jsonl" + (f".{number}" if number else ""))
    path.write_text("".join(lines))
    return path


RECOVERED = dict(verdict="lapsed", recovery_attempted=True, recovery_succeeded=True, retried=True,
                 exit_status=0)
FAILED = dict(verdict="lapsed", recovery_attempted=True, recovery_succeeded=False, retried=False,
              exit_status=78, message="the store has no other login")
PUBLISHED = dict(ok=True, did="publish", why="successor", local="3f34bd3d", store="3f34bd3d", version=4)
PULLED = dict(PUBLISHED, did="install_shared", why="store_later")


# -- the events --------------------------------------------------------------------------------


def test_what_commands_did_is_told(world, store):
    join(world, store)
    world.write_login(made_up(1))
    world.run("credrelay", "publish")
    world.run("credrelay", "sync")
    world.login_path.unlink()
    world.run("credrelay", "publish")
    shown = world.run("credrelay", "log")
    assert (shown.status, shown.err) == (0, ""), shown
    login = f"(login {fingerprint(token(1))}, version 1)"
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "
    for got, expected in zip(shown.out.splitlines(), [
            f"publish  claude   published it: the store has no login yet {login}",
            f"sync     claude   nothing to do: this machine and the store hold the same login {login}",
            f"publish  claude   failed: {world.login_path} does not exist"], strict=True):
        assert re.fullmatch(when + re.escape(expected), got), got


def test_the_last_few_and_all_of_them(world):
    lines = [line("run", ago=1000 - i, **RECOVERED, n=i) for i in range(60)]
    put_log(world, *lines[40:])
    put_log(world, *lines[20:40], number=1)
    put_log(world, *lines[:20], number=2)

    def numbers(*options):
        shown = world.run("credrelay", "log", "--json", *options)
        assert (shown.status, shown.err) == (0, ""), shown
        return [json.loads(text)["n"] for text in shown.out.splitlines()]

    assert numbers() == list(range(60))
    assert numbers("-n", "25") == list(range(35, 60))
    assert numbers("-n", "0") == []
    assert len(world.run("credrelay", "log").out.splitlines()) == 20
    assert len(world.run("credrelay", "log", "-n", "100").out.splitlines()) == 60
    assert len(world.run("credrelay", "log", "--since", "1h").out.splitlines()) == 60
    assert world.run("credrelay", "log", "--json").out == "".join(lines)  # as they are


def test_none_yet(world):
    assert world.run("credrelay", "log").err == "credrelay: nothing has happened yet\n"
    put_log(world, line("publish", 3000, relay="work", **PUBLISHED))
    assert world.run("credrelay", "log", "-r", "claude").err == "credrelay: no such events in the log\n"
    assert world.run("credrelay", "log", "--stats", "--days", "1").out.splitlines()[4].startswith("  1 day  ")


def test_some_of_them(world):
    put_log(world, line("run", 7000, **FAILED), line("pull", 5000, **PULLED),
            line("publish", 3000, relay="work", **PUBLISHED), line("run", 10, **RECOVERED))

    def events(*options):
        shown = world.run("credrelay", "log", "--json", *options)
        return [json.loads(text)["event"] for text in shown.out.splitlines()]

    assert events("--event", "run") == ["run", "run"]
    assert events("--event", "run,publish") == ["run", "publish", "run"]
    assert events("--event", "run", "-n", "1") == ["run"]
    assert events("-r", "work") == ["publish"]
    assert events("--since", "1h") == ["publish", "run"]
    day = (datetime.now() - timedelta(days=2)).strftime("%Y-%m-%d")
    assert events("--since", day) == ["run", "pull", "publish", "run"]
    assert events("--since", "2d", "--event", "run", "-r", "claude") == ["run", "run"]
    nothing = world.run("credrelay", "log", "--event", "key")
    assert (nothing.status, nothing.out) == (0, "")
    assert nothing.err == "credrelay: no such events in the log\n"


def test_an_event_that_does_not_exist_is_no_event_that_did_not_happen(world):
    """A mistyped name is told; of the events that a later version has, nothing is hidden."""
    put_log(world, line("run", 20, **RECOVERED), line("flood", 10, message="the cellar is full"))
    assert "the cellar is full" in world.run("credrelay", "log").out.splitlines()[1]
    there_are = ("they are publish, pull, sync, rollback, run, watch, alert, incident, renew, key, deadline: "
                 "credrelay-log(5)")
    for name, hint in ("pubish", f"did you mean publish?  {there_are}"), ("flood", there_are):
        refused = world.run("credrelay", "log", "--event", name)
        assert (refused.status, refused.out) == (64, "")
        assert refused.err == f"credrelay: log: --event: no event is called '{name}'\n  {hint}\n"


def test_what_a_terminal_would_obey_is_not_shown(world):
    put_log(world, line("fl\x1b[2Jood", 10, relay="w\u009bork", message="\u202eabc"))
    assert world.run("credrelay", "log").out[21:] == "fl?[2Jood w?ork   ?abc\n"


MISTAKES = [
    (["-n", "many"], "--lines: 'many' is no number from 0 to 10000"),
    (["-n", "10001"], "--lines: '10001' is no number from 0 to 10000"),
    (["--since", "noon"], "--since: 'noon' is no moment"),
    (["--event", ","], "--event: name an event of credrelay-log(5)"),
    (["--event", "run,pubish"], "--event: no event is called 'pubish'"),
    (["--stats", "-f"], "--stats stands alone"),
    (["--stats", "--days", "0"], "--days: '0' is no number from 1 to 366"),
    (["--days", "3"], "--days is for --stats"),
    (["--prometheus", "x", "--stats"], "--prometheus stands alone"),
]


@pytest.mark.parametrize("options, message", MISTAKES, ids=[" ".join(o) for o, _ in MISTAKES])
def test_mistakes(world, options, message):
    refused = world.run("credrelay", "log", *options)
    assert (refused.status, refused.out) == (64, ""), refused
    assert refused.err.splitlines()[0] == f"credrelay: log: {message}"


def test_a_broken_configuration_hides_nothing(world):
    world.configure("[claude]\nrole = boss\n")
    put_log(world, line("run", **RECOVERED))
    assert "recovered" in world.run("credrelay", "log").out


def in_terminal(world, *argv, env=None):
    """What the program writes to a terminal."""
    master, slave = pty.openpty()
    process = world.start(*argv, stdout=slave, env=env)
    os.close(slave)
    out = b""
    try:
        while piece := os.read(master, 4096):
            out += piece
    except OSError:  # Linux says EIO at the end
        pass
    os.close(master)
    assert process.wait(timeout=60) == 0
    return out.decode()


def test_colour_is_for_terminals(world):
    put_log(world, line("run", 60, **FAILED), line("pull", 30, **PULLED))
    colours = {"TERM": "xterm"}
    assert "\x1b[31mnot recovered" in in_terminal(world, "credrelay", "log", env=colours)
    assert "\x1b[32mpulled it" in in_terminal(world, "credrelay", "log", env=colours)
    for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in in_terminal(world, "credrelay", "log", env=env)
        assert "\x1b" not in in_terminal(world, "credrelay", "log", "--stats", env=env)
    assert "\x1b" not in world.run("credrelay", "log", env=colours).out


# -- rotation, and following it ----------------------------------------------------------------


def test_the_log_is_rotated(world, store):
    join(world, store, more="log-size = 4k\nlog-keep = 1\n")
    world.write_login(made_up(1))
    for _ in range(60):
        assert world.run("credrelay", "sync").status == 0
    files = sorted(p.name for p in world.state.glob("events.jsonl*"))
    assert files == ["events.jsonl", "events.jsonl.1"]
    for name in files:
        path = world.state / name
        assert path.stat().st_size <= 4096 and path.stat().st_mode & 0o777 == 0o600
    times = [json.loads(text)["ts"] for text in world.run("credrelay", "log", "--json").out.splitlines()]
    assert times == sorted(times) and 20 < len(times) < 60


def test_following_over_rotations(world, store):
    join(world, store, more="log-size = 4k\nlog-keep = 100\n")
    world.write_login(made_up(1))
    world.run("credrelay", "sync")
    shown = world.home / "shown"
    with open(shown, "wb") as out:
        follower = world.start("credrelay", "log", "-f", "--json", stdout=out)
    try:
        wait_for(lambda: shown.read_bytes().count(b"\n") == 1)
        for _ in range(50):
            world.run("credrelay", "sync")
        wait_for(lambda: shown.read_bytes().count(b"\n") == 51)
    finally:
        follower.send_signal(signal.SIGINT)
    assert follower.wait(timeout=60) == -signal.SIGINT
    written = [world.state / f"events.jsonl.{n}" for n in range(100, 0, -1)] + [world.state / "events.jsonl"]
    assert shown.read_bytes() == b"".join(p.read_bytes() for p in written if p.exists())
    assert (world.state / "events.jsonl.2").exists()


def test_following_ends_with_its_reader(world):
    put_log(world, line("run", **RECOVERED))
    follower = world.start("credrelay", "log", "-f")
    assert b"recovered" in follower.stdout.readline()
    follower.stdout.close()
    assert follower.wait(timeout=60) == -signal.SIGPIPE
    follower.stderr.close()


def test_following_what_is_not_there_yet(world):
    shown = world.home / "shown"
    world.state.mkdir(parents=True)

    def written_and_shown():
        with open(world.state / "events.jsonl", "a") as log:
            log.write(line("pull", **PULLED) + line("run", **RECOVERED))
        return b"recovered" in shown.read_bytes()

    with open(shown, "wb") as out:
        follower = world.start("credrelay", "log", "-f", "-n", "0", "--event", "run", stdout=out)
    try:
        # When it began to look is not known: until it has seen one.
        wait_for(written_and_shown)
        assert b"pulled" not in shown.read_bytes()
    finally:
        follower.kill()
        follower.wait(timeout=60)


# -- statistics --------------------------------------------------------------------------------

DAY = 86400
WEEK = [(0, 0), (3, 0), (1, 0), (0, 0), (23, 2), (4, 0), (0, 1)]  # (recovered, failed), today last


def put_week(world):
    """The week that the README shows.  Noon: no change of the clocks reaches it."""
    noon = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0)
    lines = []
    for ago, (recovered, failed) in zip(range(6, -1, -1), WEEK):
        age = (datetime.now() - (noon - timedelta(days=ago))).total_seconds()
        lines += [line("run", age, **RECOVERED)] * recovered + [line("run", age, **FAILED)] * failed
        lines += [line("publish", age, **PUBLISHED)] * 3 + [line("sync", age, **PULLED)]
    put_log(world, *lines)


def stats_of_week(world, *options, env=None):
    """What --stats shows of it; once more when midnight came between."""
    while True:
        today = datetime.now().date()
        put_week(world)
        shown = world.run("credrelay", "log", "--stats", "--days", "7", *options, env=env)
        if datetime.now().date() == today:
            assert (shown.status, shown.err) == (0, ""), shown
            return shown


def with_dates_of(page, shown):
    """SHOWN with the days that stand in PAGE: those are another week's."""
    day = r"^\w{3} \d{4}-\d\d-\d\d"
    days = iter(re.findall(day, page, re.M))
    return re.sub(day, lambda _: next(days), shown, flags=re.M)


def test_the_readmes_statistics_are_what_is_shown(world):
    page = re.search(r"^\$ credrelay log --stats --days 7\n(.*?)^```", README, re.M | re.S)[1]
    shown = stats_of_week(world, env={"TERM": "xterm"})
    assert with_dates_of(page, shown.out) == page
    assert max(map(len, page.splitlines())) <= 80


def test_statistics_without_utf8(world):
    for env in ({"LANG": "C"}, {"TERM": "dumb"}, {"LC_ALL": "C", "LANG": "C.UTF-8"}):
        shown = stats_of_week(world, env=env).out
        assert shown.isascii() and " ####################" in shown and "#!!\n" in shown


def test_statistics_as_data(world):
    days = stats_of_week(world, "--json").json["days"]
    assert [(d["recovered"], d["failed"]) for d in days] == WEEK
    assert [d["runs"] for d in days] == [r + f for r, f in WEEK]
    assert {d["published"] for d in days} == {3} and {d["pulled"] for d in days} == {1}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", days[-1]["day"])
    other = world.run("credrelay", "log", "--stats", "--json", "-r", "work").json["days"]
    assert sum(d["runs"] for d in other) == 0 and len(other) == 14


# -- metrics -----------------------------------------------------------------------------------


def parse_metrics(text):
    """{(name, labels): value} of a text in Prometheus' exposition format; strict, as promtool is."""
    assert text.endswith("\n") and "\n\n" not in text
    samples, kinds, helps = {}, {}, {}
    for row in text.splitlines():
        if row.startswith("# HELP "):
            name, help_text = row[7:].split(" ", 1)
            assert name not in helps and help_text.endswith("."), row
            helps[name] = help_text
        elif row.startswith("# TYPE "):
            name, kind = row[7:].split(" ")
            assert name not in kinds and kind in ("gauge", "counter"), row
            assert list(helps)[-1] == name, "HELP stands before TYPE"
            kinds[name] = kind
        elif row.startswith("# The log is counted up to here: "):  # a comment, which Prometheus passes over
            assert re.fullmatch("file [0-9a-f]{16}, [0-9]+ bytes", row.split(": ")[1]), row
        else:
            name, labels, value = re.fullmatch(
                r'([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (\d+(?:\.\d+)?)', row).groups()
            assert list(kinds)[-1] == name, "the samples of a metric stand together"
            assert name.startswith("credrelay_")
            assert name.endswith("_total") == (kinds[name] == "counter"), row
            assert ("timestamp" in name) == name.endswith("_timestamp_seconds"), row
            key = name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels or "")))
            assert key not in samples, row
            samples[key] = float(value)
    assert set(helps) == set(kinds)
    return samples


def metrics(world, path):
    written = world.run("credrelay", "log", "--prometheus", path)
    assert (written.status, written.out, written.err) == (0, "", ""), written
    return parse_metrics(path.read_text())


def test_metrics(world):
    world.configure("[claude]\n[work]\ntool = codex\n")
    world.write_login(made_up(1, expires_in=3600, deadline_in=DAY))
    put_log(world, line("run", 100, **FAILED), line("pull", 90, **PULLED), line("run", 80, **FAILED),
            line("publish", 70, relay="work", **PUBLISHED))
    path = world.home / "credrelay.prom"
    samples = metrics(world, path)
    now = time.time()

    def value(name, **labels):
        return samples[name, tuple(sorted(labels.items()))]

    assert value("credrelay_login_usable", relay="claude") == 1
    assert value("credrelay_login_usable", relay="work") == 0
    assert value("credrelay_login_renewable", relay="claude") == 1
    assert abs(value("credrelay_login_expiry_timestamp_seconds", relay="claude") - now - 3600) < 100
    assert abs(value("credrelay_login_deadline_timestamp_seconds", relay="claude") - now - DAY) < 100
    assert value("credrelay_outcomes_total", relay="claude", outcome="failed") == 2
    assert value("credrelay_outcomes_total", relay="claude", outcome="pulled") == 1
    assert value("credrelay_outcomes_total", relay="work", outcome="published") == 1
    failed_at = value("credrelay_last_outcome_timestamp_seconds", relay="claude", outcome="failed")
    assert abs(failed_at - (now - 80)) < 60
    assert value("credrelay_watcher_up") == 0
    assert value("credrelay_incident_open", relay="claude") == 0
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in world.home.iterdir() if ".prom" in p.name] == ["credrelay.prom"]
    assert parse_metrics(world.run("credrelay", "log", "--prometheus", "-").out).keys() == samples.keys()


def test_counters_do_not_go_back(world):
    path = world.home / "credrelay.prom"
    failed = "credrelay_outcomes_total", (("outcome", "failed"), ("relay", "claude"))
    put_log(world, *[line("run", 100, **FAILED)] * 5)
    assert metrics(world, path)[failed] == 5
    assert metrics(world, path)[failed] == 5
    put_log(world)  # rotated away, and dropped
    assert metrics(world, path)[failed] == 5
    # What has come since.
    with open(world.state / "events.jsonl", "a") as log:
        log.write(line("run", **FAILED))
    wait_for(lambda: metrics(world, path)[failed] == 6)
    path.unlink()
    assert metrics(world, path)[failed] == 1


def append(world, *lines):
    with open(world.state / "events.jsonl", "a") as log:
        log.writelines(lines)


def test_what_counts_is_the_place_in_the_log_not_the_time(world):
    path = world.home / "credrelay.prom"
    failed = "credrelay_outcomes_total", (("outcome", "failed"), ("relay", "claude"))
    put_log(world, *[line("run", 100, **FAILED)] * 5)
    assert metrics(world, path)[failed] == 5
    append(world, line("run", **FAILED))
    assert metrics(world, path)[failed] == 6, "at once"
    append(world, line("run", 3600, **FAILED))
    assert metrics(world, path)[failed] == 7, "one that was stopped for an hour before it was written"
    text = path.read_text()
    path.write_text(re.sub(r"(?m)^(credrelay_counted_timestamp_seconds) .*$", rf"\1 {time.time() + DAY:.3f}", text))
    append(world, line("run", **FAILED))
    assert metrics(world, path)[failed] == 8, "after a moment when the clock was a day ahead"
    log = world.state / "events.jsonl"
    append(world, line("run", **FAILED))
    log.rename(world.state / "events.jsonl.1")
    append(world, line("run", **FAILED))
    assert metrics(world, path)[failed] == 10, "over a rotation"
    assert metrics(world, path)[failed] == 10
    (world.state / "events.jsonl.1").unlink()
    log.rename(world.state / "events.jsonl.1")
    log.touch()
    assert metrics(world, path)[failed] == 10, "a file that has no line yet"
    append(world, line("run", **FAILED))
    assert metrics(world, path)[failed] == 11


def test_a_file_of_metrics_that_names_no_place_goes_by_its_time(world):
    path = world.home / "credrelay.prom"
    failed = "credrelay_outcomes_total", (("outcome", "failed"), ("relay", "claude"))
    put_log(world, *[line("run", 100, **FAILED)] * 5)
    assert metrics(world, path)[failed] == 5
    path.write_text("".join(row for row in path.read_text().splitlines(True) if "up to here" not in row))
    append(world, line("run", -1, **FAILED))
    assert metrics(world, path)[failed] == 6


def test_metrics_that_cannot_be_written(world):
    refused = world.run("credrelay", "log", "--prometheus", world.home / "none" / "x.prom")
    assert refused.status == 65, refused
    assert refused.err == (f"credrelay: log: cannot write in {world.home}/none: "
                           "No such file or directory\n"
                           f"  make it: mkdir -p '{world.home}/none'\n")


def test_the_manual_has_the_metrics(world):
    samples = parse_metrics(world.run("credrelay", "log", "--prometheus", "-").out)
    text = (TESTS.parent / "man" / "credrelay.1").read_text()
    page = re.search(r"^\.Sh METRICS\n(.*?)^\.Sh ", text, re.M | re.S)[1]
    named = {n for row in re.findall(r"^\.It Ic (.*)$", page, re.M) for n in row.split(" , ")}
    shown = {name for name, _ in samples}
    assert shown <= named
    assert {n for n in named - shown} <= {  # of a login, of an event: there are none here
        "credrelay_login_expiry_timestamp_seconds", "credrelay_login_deadline_timestamp_seconds",
        "credrelay_last_outcome_timestamp_seconds"}
