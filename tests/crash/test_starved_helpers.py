"""Each helper with its Nth allocation failing, once and for ever after: one line that says so or the
answer, never a signal, no leak (under AddressSanitizer); and what was stored is as whole as before."""
import contextlib
import json
import shutil
import sqlite3

import pytest

from harness.channel import Channel
from harness.parameter_store import allow, policy
from harness.stepper import BUILD, EVERYTHING

TOOLS = BUILD / "tests" / "tools"
COUNTED = BUILD.name in ("build-asan", "build-coverage")

pytestmark = [
    pytest.mark.skipif(not (TOOLS / "store-local-starved").exists(), reason="the allocator is wrapped by the linker (Linux)"),
    pytest.mark.skipif(not EVERYTHING and not COUNTED, reason="done in the build that sees leaks")]

MOST = 20_000  # allocations of one request
OLD, NEW = '{"n":1}', '{"n":2}'
LONG = json.dumps({"n": 1, "pad": "x" * 9000})
STORE = {"credrelay": 1, "path": "/claude/oauth/credentials", "role": "writer", "machine": "m", "deadline_ms": 10_000}


def stride_of(way, stride):
    """Which allocations: where branches are counted each one fails once."""
    if EVERYTHING or (way == "" and BUILD.name == "build-coverage"):
        return 1
    return stride if BUILD.name == "build-coverage" else 25 * stride


def starve(world, record_property, helper, request, stride, env=None):
    """Ask again and again, one in STRIDE allocations failing each time; the answers.  REQUEST may be a
    function: of a name that is another one each time."""
    answers, runs, hits = [], 0, 0
    report = world.home / "report"
    for way in ("", "+"):
        stride_now = stride_of(way, stride)
        for at in range(1, MOST, stride_now):
            report.unlink(missing_ok=True)
            asked = request(f"{at}{way}") if callable(request) else request
            ran = world.run(TOOLS / f"{helper}-starved", input=json.dumps(asked) + "\n", env={
                **(env or {}), "CREDRELAY_FAIL_ALLOC": f"{at}{way}", "CREDRELAY_FAIL_REPORT": str(report)})
            assert ran.status in (0, 71, 74) and "Sanitizer" not in ran.err, (at, way, ran)
            if ran.status == 0:
                assert ran.out.count("\n") == 1, (at, way, ran)
                answers.append(ran.json)
            hit = report.exists()
            runs, hits = runs + 1, hits + hit
            if not hit:
                break
        assert at > stride_now and not hit
    record_property("cases", runs)
    record_property("hits", hits)
    return answers


def check(answers, network=False):
    """All that failed say why.  What libcurl and expat could not do for want of memory they tell as an
    answer that is none: never as one about what was asked."""
    assert answers[-1]["ok"], answers[-1]
    failed = [a for a in answers if not a["ok"]]
    errors = {"unreachable", "failed"} if network else set()
    other = {(a["error"], a["message"]) for a in failed if "out of memory" not in a["message"]}
    assert {error for error, message in other if message} <= errors, other
    assert not failed or len(other) < len(failed)


@pytest.fixture
def local(world):
    """Asks about the database of that name; "one" has a value that is too long for the page of its row,
    so that SQLite needs memory for it."""
    def request(name, **fields):
        return {**STORE, "store": f"local:{world.home}/{name}.db", **fields}

    first = request("one", op="put", value=LONG, expect=0)
    assert world.run(TOOLS / "store-local-starved", input=json.dumps(first) + "\n").json["ok"]
    return request


@pytest.mark.parametrize("op, fields", [
    ("get", {}), ("history", {"limit": 10}), ("check", {}), ("wait", {"version": 0})],
    ids=lambda v: v if isinstance(v, str) else "")
def test_store_local(world, local, record_property, op, fields):
    check(starve(world, record_property, "store-local", local("one", op=op, **fields), 3))


def test_store_local_put(world, local, record_property):
    """Each into a copy: afterwards it has the value of before or that one."""
    copies = []

    def put(name):
        copies.append(shutil.copy(world.home / "one.db", world.home / f"{name}.db"))
        return local(name, op="put", value=NEW, expect=1)

    check(starve(world, record_property, "store-local", put, 3))
    for copy in copies:
        with contextlib.closing(sqlite3.connect(copy)) as database:
            kept = database.execute("SELECT value FROM version ORDER BY version").fetchall()
        assert kept in ([(LONG,)], [(LONG,), (NEW,)]), copy


@pytest.mark.parametrize("op, fields", [
    ("put", {"value": NEW, "expect": 1}), ("get", {}), ("history", {"limit": 10}), ("check", {})],
    ids=lambda v: v if isinstance(v, str) else "")
def test_store_ssm(world, empty_parameter_store, record_property, op, fields):
    server = empty_parameter_store
    env = {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret}
    request = {**STORE, "store": f"ssm://us-west-2/claude/oauth/credentials?endpoint={server.endpoint}"}
    first = world.run(TOOLS / "store-ssm-starved", env=env,
                      input=json.dumps({**request, "op": "put", "value": OLD, "expect": 0}) + "\n")
    assert first.json == {"ok": True, "version": 1}
    answers = starve(world, record_property, "store-ssm", {**request, "op": op, **fields}, 17, env)
    if op != "put":
        return check(answers, network=True)
    got = world.run(TOOLS / "store-ssm-starved", input=json.dumps({**request, "op": "get"}) + "\n", env=env)
    assert got.json["value"] in (OLD, NEW)


@pytest.mark.parametrize("op, fields", [
    ("identity", {}), ("probe", {"name": "/claude/login"}), ("list-keys", {"user": "root"}),
    ("find-kms", {"alias": "alias/starved"})], ids=lambda v: v if isinstance(v, str) else "")
def test_aws_admin(world, parameter_store, record_property, op, fields):
    keys = parameter_store.user("root", policy(allow("*", "*")), age=3600)
    parameter_store.door("kms", {"region": "us-west-2", "alias": "alias/starved"})
    request = {"credrelay": 1, "op": op, "region": "us-west-2", "endpoint": parameter_store.endpoint,
               "sign_id": keys[0], "sign_secret": keys[1], "deadline_ms": 20_000, **fields}
    check(starve(world, record_property, "aws-admin", request, 17), network=True)


@pytest.mark.parametrize("kind, options", [
    ("command", {"alert-command": "cat >/dev/null"}), ("webhook", {"webhook": "{server.url}/hook"}),
    ("mail", {"mail": "a@example.org, b@example.org", "mail-from": "c@example.org",
              "resend-url": "{server.url}/emails", "resend-key-command": "echo re_TEST"})],
    ids=lambda v: v if isinstance(v, str) else "")
def test_alert(world, fault_server, record_property, kind, options):
    server = fault_server("answer", status="200 OK", body=b'{"id":"1"}', headers=[])
    channel = Channel(world, kind)
    channel.options.update({k: v.replace("{server.url}", server.url) for k, v in options.items()})
    request = json.loads(channel.request())
    check(starve(world, record_property, f"alert-{kind}", request, 7), network=kind != "command")
