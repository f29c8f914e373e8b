"""What every store must do: src/store/protocol.h, as tests.  A new store is a row in harness/stores.py."""
import json
import random
import signal
import subprocess
import time

import pytest

from harness.stores import is_whole, value

# -- get and put -------------------------------------------------------------------------------


def test_nothing_is_there_at_first(store):
    answer = store.ask("get")
    assert (answer["ok"], answer["error"]) == (False, "not_found")


def test_what_was_put_is_got(store):
    before = time.time()
    assert store.put(value(1), expect=0) == {"ok": True, "version": 1}
    answer = store.ask("get")
    assert (answer["ok"], answer["version"], answer["value"]) == (True, 1, value(1))
    assert before - store.kind.clock <= answer["modified"] / 1000 <= time.time() + store.kind.clock
    if store.kind.by is not None:
        assert answer["by"] == store.kind.by


VALUES = [
    ("a login", value(1)),
    ("quotes and backslashes", r'say "hi" \ and \\ and \" and \\" and \n'),
    ("what looks like the protocol", '{"value":"x","expect":9,"op":"get"} "value": "y"'),
    ("unicode", "schlüssel ключ 鍵 🔑 \u2028"),
    ("control characters", "a\tb\nc\r\x01\x1f\x7f"),
    ("a newline at the end", "line\n"),
    ("spaces at both ends", "  x  "),
    ("shell and SQL", "$(id) `id` '; DROP TABLE version; -- %s %n"),
    ("one byte", "x"),
]


@pytest.mark.parametrize("text", [v for _, v in VALUES], ids=[name for name, _ in VALUES])
def test_values_come_back_byte_for_byte(store, text):
    assert store.put(text, expect=0)["ok"]
    assert store.ask("get")["value"] == text


def test_the_largest_value_fits(store):
    text = value(1, size=store.kind.largest - len(value(1)))
    assert len(text) == store.kind.largest
    assert store.put(text, expect=0)["ok"]
    assert store.ask("get")["value"] == text


def test_versions_count_up(store):
    for n in range(1, 4):
        assert store.put(value(n), expect=n - 1) == {"ok": True, "version": n}
    assert (store.ask("get")["version"], store.ask("get")["value"]) == (3, value(3))


def test_an_old_version_is_still_there(store):
    store.put(value(1), expect=0)
    store.put(value(2), expect=1)
    old = store.ask("get", version=1)
    assert (old["version"], old["value"]) == (1, value(1))
    assert store.ask("get", version=3)["error"] == "not_found"


WRONG = [  # versions there, what the put expects
    (0, 1),
    (1, 0),
    (2, 1),
    (2, 3),
]


@pytest.mark.parametrize("there,expect", WRONG)
def test_a_put_on_a_wrong_expectation(store, there, expect):
    """A store with compare-and-swap refuses; one without puts, and says that it was raced, unless
    it can at least tell a first put from a later one."""
    for n in range(there):
        assert store.put(value(n), expect=n)["ok"]
    answer = store.put(value(99), expect=expect)
    if store.kind.cas:
        assert (answer["ok"], answer["error"]) == (False, "conflict")
        newest = store.ask("get")
        assert newest.get("version", 0) == there
        assert there == 0 or newest["value"] == value(there - 1)
    elif expect > 0 or answer["ok"]:
        assert answer == {"ok": True, "version": there + 1, "raced": True}
    else:
        assert answer["error"] == "conflict"


def test_two_paths_do_not_mix(store):
    other = store.path + ".renewable"
    store.put(value(1), expect=0)
    assert store.ask("get", path=other)["error"] == "not_found"
    assert store.put(value(7), expect=0, path=other) == {"ok": True, "version": 1}
    assert store.put(value(8), expect=1, path=other) == {"ok": True, "version": 2}
    assert (store.ask("get")["version"], store.ask("get")["value"]) == (1, value(1))
    assert store.ask("get", path=other)["value"] == value(8)
    assert [v["version"] for v in store.ask("history")["versions"]] == [1]


# -- history -----------------------------------------------------------------------------------


def test_history_of_nothing(store):
    answer = store.ask("history")
    assert answer.get("versions") == [] or answer.get("error") == "not_found"


@pytest.mark.parametrize("limit,versions", [(None, [4, 3, 2, 1]), (2, [4, 3]), (1, [4]), (50, [4, 3, 2, 1])])
def test_history_is_newest_first_and_bounded(store, limit, versions):
    for n in range(1, 5):
        assert store.put(value(n), expect=n - 1)["ok"]
    rows = store.ask("history", limit=limit)["versions"]
    assert [(r["version"], r["value"]) for r in rows] == [(n, value(n)) for n in versions]
    assert all(r["modified"] > 1_600_000_000_000 and isinstance(r["by"], str) for r in rows)


# -- wait --------------------------------------------------------------------------------------


def test_wait_returns_at_once_when_something_newer_is_there(waiting_store):
    waiting_store.put(value(1), expect=0)
    waiting_store.put(value(2), expect=1)
    began = time.monotonic()
    answer = waiting_store.ask("wait", version=1)
    assert time.monotonic() - began < waiting_store.kind.patience
    assert (answer["ok"], answer["version"], answer["value"]) == (True, 2, value(2))


@pytest.mark.parametrize("there", [0, 1], ids=["nothing there", "nothing newer"])
def test_wait_ends_at_the_deadline_without_a_value(waiting_store, there):
    for n in range(there):
        waiting_store.put(value(n), expect=n)
    began = time.monotonic()
    answer = waiting_store.ask("wait", version=there, deadline_ms=600)
    took = time.monotonic() - began
    assert answer["ok"] and "value" not in answer, answer
    assert 0.3 < took < 0.6 + waiting_store.kind.patience


@pytest.mark.parametrize("there", [0, 1], ids=["the first", "the next"])
def test_wait_wakes_when_another_process_puts(waiting_store, there):
    for n in range(there):
        waiting_store.put(value(n), expect=n)
    waiting = waiting_store.start(waiting_store.request("wait", version=there, deadline_ms=100_000))
    time.sleep(0.3)
    assert waiting.poll() is None
    assert waiting_store.put(value(5), expect=there)["ok"]
    began = time.monotonic()
    answer = json.loads(waiting.communicate(timeout=120)[0])
    assert time.monotonic() - began < waiting_store.kind.patience
    assert (answer["version"], answer["value"]) == (there + 1, value(5))


def test_a_put_elsewhere_does_not_end_a_wait(waiting_store):
    waiting = waiting_store.start(waiting_store.request("wait", version=0, deadline_ms=1_000))
    assert waiting_store.put(value(1), expect=0, path=waiting_store.path + ".renewable")["ok"]
    answer = json.loads(waiting.communicate(timeout=120)[0])
    assert answer["ok"] and "value" not in answer


# -- check -------------------------------------------------------------------------------------


def test_check_of_a_store_in_order(store):
    rows = store.ask("check")["checks"]
    assert rows and all(r["name"] and r["ok"] is True for r in rows), rows
    assert all(isinstance(r.get("detail", ""), str) and isinstance(r.get("hint", ""), str) for r in rows)


# -- requests that are none --------------------------------------------------------------------

BAD = [  # name, what is sent (a function of a good request), the error
    ("garbage", lambda good: b"hello there\n", "invalid"),
    ("an empty line", lambda good: b"\n", "invalid"),
    ("nothing at all", lambda good: b"", "invalid"),
    ("cut off", lambda good: good[: len(good) // 2], "invalid"),
    ("2 MiB", lambda good: b'{"credrelay":1,"op":"' + b"x" * (2 << 20) + b'"}\n', "too_large"),
    ("a later protocol", lambda good: good.replace(b'"credrelay": 1,', b'"credrelay": 2,'), "unsupported"),
    ("no protocol", lambda good: good.replace(b'"credrelay": 1,', b""), "unsupported"),
    ("an unknown operation", lambda good: good.replace(b'"get"', b'"steal"'), "unsupported"),
    ("no operation", lambda good: good.replace(b'"op": "get",', b""), "unsupported"),
    ("put without a value", lambda good: good.replace(b'"get"', b'"put"'), "invalid"),
    ("put of an empty value",
     lambda good: good.replace(b'"op": "get"', b'"op": "put", "value": "", "expect": 0'), "invalid"),
    ("no path", lambda good: good.replace(b'"path": ', b'"elsewhere": '), "invalid"),
]


@pytest.mark.parametrize("spoil,error", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_request_is_answered(store, spoil, error):
    good = store.request("get")
    line = spoil(good)
    assert line != good
    answer = store.tell(line)
    assert (answer["ok"], answer["error"]) == (False, error), answer


NUMBERS = [0, -1, 2**62, -(2**62), 2**63 - 1, -(2**63), 10**30, 1.5, "7", None, True, {}]


@pytest.mark.parametrize("field,op", [("version", "get"), ("expect", "put"), ("limit", "history"),
                                      ("deadline_ms", "get")])
def test_any_number_is_answered(store, field, op):
    assert store.put(value(1), expect=0)["ok"]
    for number in NUMBERS:
        store.ask(op, **{"value": value(2), "expect": 7, field: number})
    assert is_whole(store.ask("get")["value"])


def test_an_answer_needs_no_end_of_input(store):
    """The request is one line: a helper must not wait for its stdin to be closed."""
    process = store.world.start(*store.kind.argv, env=store.env, stdin=subprocess.PIPE)
    process.stdin.write(store.request("get"))
    process.stdin.flush()
    line = process.stdout.readline()
    assert json.loads(line)["error"] == "not_found"
    assert process.wait(timeout=60) == 0
    process.communicate()


def test_the_last_newline_may_be_missing(store):
    assert store.tell(store.request("get").rstrip(b"\n"))["error"] == "not_found"


# -- many at once, and killed ------------------------------------------------------------------


@pytest.mark.parametrize("there", [0, 3], ids=["an empty store", "a store in use"])
def test_of_many_puts_with_one_expectation_one_wins(store, there):
    for n in range(there):
        assert store.put(value(n), expect=n)["ok"]
    running = [store.start(store.request("put", value=value(100 + n), expect=there)) for n in range(20)]
    answers = [json.loads(p.communicate(timeout=120)[0]) for p in running]
    clean = [n for n, a in enumerate(answers) if a["ok"] and not a.get("raced")]
    if store.kind.cas:
        assert len(clean) == 1, answers
        losers = [a for n, a in enumerate(answers) if n not in clean]
        assert {a["error"] for a in losers} == {"conflict"}, losers
        newest = store.ask("get")
        assert (newest["version"], newest["value"]) == (there + 1, value(100 + clean[0]))
    else:
        done = [a for a in answers if a["ok"]]
        assert done and len(clean) <= 1, answers
        assert there == 0 or len(done) == 20, answers
        assert sorted(a["version"] for a in done) == list(range(there + 1, there + 1 + len(done)))
        assert store.ask("get")["version"] == there + len(done)


def test_a_killed_helper_leaves_whole_versions(store):
    """30 puts, killed at random moments from before their start to after their end."""
    chance = random.Random(1)
    size = store.kind.largest // 2
    began = time.monotonic()
    assert store.put(value(0, size), expect=0)["ok"]
    longest = 1.2 * (time.monotonic() - began)
    version, killed = 1, 0
    for n in range(1, 31):
        process = store.start(store.request("put", value=value(n, size), expect=version))
        time.sleep(chance.uniform(0, longest))
        store.kill(process)
        alive = process.returncode == -signal.SIGKILL
        longest *= 1.1 if alive else 0.8  # the first put may have taken much longer than the others
        killed += alive
        newest = store.ask("get")
        assert newest["ok"] and is_whole(newest["value"]), newest
        assert newest["version"] in (version, version + 1)
        version = newest["version"]
    assert killed, "no put was caught alive"
    rows = store.ask("history")["versions"]
    assert [r["version"] for r in rows][:1] == [version] and all(is_whole(r["value"]) for r in rows)
    assert store.put(value(99), expect=version)["ok"]


def test_a_store_killed_while_it_is_made_can_still_be_made(store):
    chance = random.Random(2)
    for n in range(10):
        fresh = f"{store.path}.{n}"
        process = store.start(store.request("put", value=value(n), expect=0, path=fresh))
        time.sleep(chance.uniform(0, 0.01))
        store.kill(process)
        there = store.ask("get", path=fresh).get("version", 0)
        assert there in (0, 1)
        assert store.put(value(n), expect=there, path=fresh)["ok"]
