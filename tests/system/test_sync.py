"""publish, pull and sync: one step at a time, in their own words, on machines that share a store."""
import fcntl
import json
import re
import shutil
import time

import pytest

from harness.proxy_store import ProxyStore
from harness.relay import (RENEWABLE, LocalStore, fingerprint, join, made_up, refresh_token, snapshot,
                           token)
from harness.world import login

BLANK = login(access="", refresh="", expiresAt=0)


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


@pytest.fixture
def one(world, store):
    """A writer by itself."""
    join(world, store)
    return world


@pytest.fixture
def fleet(machines, store):
    """fleet(name, ..., readers=[name, ...]) -> Worlds that share the store."""
    def make(*names, readers=()):
        worlds = machines(*names)
        for name, machine in zip(names, worlds):
            join(machine, store, role="reader" if name in readers else "writer")
        return worlds
    return make


def said(result):
    """(status, stdout, stderr) with times and the store's place left out."""
    out = re.sub(r"(expires in|expired) [^;)]*", r"\1 T", result.out)
    return result.status, re.sub(r"local:/\S*", "STORE", out), result.err


def held(n, version, verb, why, expiry="expires in"):
    """What a sync says on standard output."""
    return 0, f"{verb}: {why} (login {fingerprint(token(n))}, {expiry} T; STORE version {version})\n", ""


EMPTY = "the store has no login yet"
SAME = "this machine and the store hold the same login"
NEW = "the login here is new"
OLDER = "the login here is an older one, seen before"
UNUSABLE = "there is no usable login here"
LATER = "both changed, and the login here is the later one"
STORE_LATER = "the store's login is the later one"
EXPIRED = "the login here is expired, the store's is not"


# -- one machine: a story, step by step ----------------------------------------------------------
# What is put into the file (None: nothing is), the command, and what it says.

STORIES = {
    "first, same, successor": [
        (made_up(1), "publish", held(1, 1, "published it", EMPTY)),
        (None, "publish", held(1, 1, "nothing to do", SAME)),
        (None, "sync", held(1, 1, "nothing to do", SAME)),
        (None, "pull", held(1, 1, "nothing to do", SAME)),
        (made_up(2), "publish", held(2, 2, "published it", NEW)),
    ],
    "a person logs in again and gets less time": [
        (made_up(1), "sync", held(1, 1, "published it", EMPTY)),
        (made_up(2, expires_in=7200), "sync", held(2, 2, "published it", NEW)),
    ],
    "a backup comes back": [
        (made_up(1), "publish", held(1, 1, "published it", EMPTY)),
        (made_up(2), "publish", held(2, 2, "published it", NEW)),
        (made_up(1), "publish", (65, "", f"credrelay: publish: not published: {OLDER}\n  credrelay pull takes "
                                         "the store's login; credrelay publish --force insists\n")),
        (None, "sync", held(2, 2, "pulled it", OLDER)),
    ],
    "pull leaves a new login alone": [
        (made_up(1), "publish", held(1, 1, "published it", EMPTY)),
        (made_up(2), "pull", held(2, 1, "nothing to do", NEW)),
        (None, "sync", held(2, 2, "published it", NEW)),
    ],
    "an expired login does not replace a live one": [
        (made_up(1), "publish", held(1, 1, "published it", EMPTY)),
        (made_up(2, expires_in=-60), "sync", held(1, 1, "pulled it", EXPIRED)),
    ],
    "an expired login that can be renewed is better than none": [
        (made_up(1, expires_in=-60), "publish", held(1, 1, "published it", EMPTY, "expired")),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_story(one, story):
    for content, command, expected in story:
        if content:
            one.write_login(content)
        assert said(one.run("credrelay", command)) == expected


def test_the_same_again_is_one_version(one, store):
    one.write_login(made_up(1))
    for command in ("publish", "sync", "publish", "pull"):
        assert one.run("credrelay", command).status == 0
    assert store.history() == [token(1)]
    assert one.read_login()["claudeAiOauth"]["refreshToken"] == refresh_token(1)


# -- what is no login is never published, and is healed ------------------------------------------

PLACE = "{path}"
HINT = "\n  credrelay pull, or log in: claude /login\n"
DAMAGES = {  # content of the file, what publish says
    "missing": (None, "does not exist"),
    "empty": ("", "is empty"),
    "white space": (" \n\t\r\n", "is empty"),
    "torn": (json.dumps(made_up(2))[:-9], "is not one whole JSON object"),
    "garbage": ("\x00\x01\x02", "is not one whole JSON object"),
    "two objects": ("{}{}", "is not one whole JSON object"),
    "twice": (b'{"claudeAiOauth":{},"claudeAiOauth":{}}', "is not one whole JSON object"),
    "array": ("[1]", "is not one whole JSON object"),
    "logged out": ({"mcpOAuth": {}}, "holds no login: logged out"),
    "null": ({"claudeAiOauth": None}, "holds no login: logged out"),
    "blank": (BLANK, "holds a blank login: a refresh was refused"),
    "a string": ({"claudeAiOauth": "x"}, "holds a malformed login: it is not an object"),
    "no token": ({"claudeAiOauth": {"scopes": []}}, "holds a malformed login: it has no access token"),
    "a number for a token": (login(access=5), "holds a malformed login: it has no access token"),
    "no scopes": (login(scopes=None), "holds a malformed login: it has no scopes"),
    "no expiry": (login(expiresAt=None),
                  "holds a malformed login: its expiry is not a time in milliseconds"),
    "expiry in seconds": (login(expiresAt=int(time.time())),
                          "holds a malformed login: its expiry is not a time in milliseconds"),
    "expiry as text": (login(expiresAt="2030-01-01"),
                       "holds a malformed login: its expiry is not a time in milliseconds"),
    "not UTF-8": (b'{"claudeAiOauth":{"accessToken":"\xff","scopes":[]}}',
                  "holds a malformed login: it is not valid JSON"),
}


@pytest.mark.parametrize("content,what", DAMAGES.values(), ids=DAMAGES)
def test_no_login_is_never_published(one, store, content, what):
    one.write_login(made_up(1))
    assert one.run("credrelay", "publish").status == 0
    one.login_path.unlink() if content is None else one.write_login(content)
    before = snapshot(one.login_path.parent)
    for command in (["publish"], ["publish", "--force"]):
        result = one.run("credrelay", *command)
        assert (result.status, result.out) == (65, "")
        assert result.err == f"credrelay: publish: {one.login_path} {what}{HINT}"
    assert snapshot(one.login_path.parent) == before
    assert store.history() == [token(1)]
    assert said(one.run("credrelay", "pull")) == held(1, 1, "pulled it", UNUSABLE)
    assert one.read_login()["claudeAiOauth"]["accessToken"] == token(1)
    assert one.login_mode() == "0o600"
    if what == "is not one whole JSON object":  # its owner may want it back
        kept = one.login_path.with_name(".credentials.json.damaged")
        assert kept.read_bytes() == (content.encode() if isinstance(content, str) else content)
        assert kept.stat().st_mode & 0o777 == 0o600


def test_a_login_that_is_too_large(one, store):
    one.write_login(made_up(1, note="x" * 70_000))
    assert said(one.run("credrelay", "publish")) == (
        65, "", "credrelay: publish: the login is larger than 65536 bytes\n")
    assert store.history() == []


NOTHING_ANYWHERE = {  # role, command -> exit status, the message's end
    ("writer", "pull"): (78, "the store has no login yet\n  log in: claude /login\n"),
    ("writer", "sync"): (78, "the store has no login yet\n  log in: claude /login\n"),
    ("reader", "pull"): (75, "the store has no login yet\n  it comes when a writer publishes; on a writer: "
                             "credrelay publish\n"),
    ("reader", "sync"): (75, "the store has no login yet\n  it comes when a writer publishes; on a writer: "
                             "credrelay publish\n"),
}


@pytest.mark.parametrize("role,command", NOTHING_ANYWHERE)
def test_nothing_anywhere(world, store, role, command):
    join(world, store, role)
    status, words = NOTHING_ANYWHERE[role, command]
    assert said(world.run("credrelay", command)) == (status, "", f"credrelay: {command}: {words}")
    assert not world.login_path.exists()


@pytest.mark.parametrize("value", ["", "{}", json.dumps(BLANK), "garbage"], ids=len)
def test_a_store_without_a_login_gets_one(one, store, value):
    store.put(value or " ")
    one.write_login(made_up(1))
    assert said(one.run("credrelay", "pull")) == held(
        1, 1, "nothing to do", "the store's value is not a login that works")
    assert said(one.run("credrelay", "publish")) == held(
        1, 2, "published it", "the store's value is not a login that works")


# -- several machines ----------------------------------------------------------------------------


def test_a_reader_is_refused_before_the_store(world):
    proxy = ProxyStore(world)
    join(world, proxy, role="reader")
    world.write_login(made_up(1))
    for command in (["publish"], ["publish", "--force"], ["publish", "--dry-run"]):
        assert said(world.run("credrelay", *command)) == (
            77, "", "credrelay: publish: this machine is a reader: it never publishes\n"
                    "  publish on a writer, or make this one a writer: role = writer\n")
    assert proxy.calls() == []


def test_everybody_gets_the_login(fleet, store):
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    desk.write_login(made_up(1))
    assert desk.run("credrelay", "publish").status == 0
    for machine in (laptop, server):
        assert said(machine.run("credrelay", "pull")) == held(1, 1, "pulled it", UNUSABLE)
    desk.write_login(made_up(2))
    assert desk.run("credrelay", "sync").status == 0
    for machine in (laptop, server):
        assert said(machine.run("credrelay", "sync")) == held(2, 2, "pulled it", OLDER)
        assert machine.login_mode() == "0o600"
    assert store.history() == [token(1), token(2)]


@pytest.mark.parametrize("command", ["pull", "sync"])
def test_a_login_made_on_a_reader_stays_there(fleet, store, command):
    desk, server = fleet("desk", "server", readers=["server"])
    desk.write_login(made_up(1))
    desk.run("credrelay", "publish")
    server.run("credrelay", "pull")
    server.write_login(made_up(2))
    assert said(server.run("credrelay", command)) == held(
        2, 1, "nothing to do", "a newer login was made on this reader: kept here, not published")
    assert server.access_token() == token(2)
    desk.write_login(made_up(3))
    desk.run("credrelay", "publish")
    assert said(server.run("credrelay", command)) == held(3, 2, "pulled it", STORE_LATER)


MONTH = 30 * 86400
OUT_OF_STEP = {  # the store's second login, the file's third, who wins and why
    "a later deadline wins over a longer expiry": (
        dict(expires_in=8 * 3600, deadline_in=MONTH), dict(expires_in=600, deadline_in=MONTH + 60), LATER),
    "an earlier deadline loses": (
        dict(expires_in=600, deadline_in=MONTH + 60), dict(expires_in=8 * 3600, deadline_in=MONTH), STORE_LATER),
    "the later expiry, without deadlines": (dict(expires_in=600), dict(expires_in=8 * 3600), LATER),
    "the earlier expiry, without deadlines": (dict(expires_in=8 * 3600), dict(expires_in=600), STORE_LATER),
    "one has no deadline": (dict(expires_in=600, deadline_in=MONTH), dict(expires_in=8 * 3600), LATER),
    "expired here": (dict(expires_in=600), dict(expires_in=-1, deadline_in=MONTH), EXPIRED),
    "expired there": (dict(expires_in=-1, deadline_in=MONTH), dict(expires_in=600), LATER),
}


@pytest.mark.parametrize("theirs,ours,why", OUT_OF_STEP.values(), ids=OUT_OF_STEP)
def test_out_of_step(fleet, store, theirs, ours, why):
    desk, laptop = fleet("desk", "laptop")
    desk.write_login(made_up(1))
    desk.run("credrelay", "publish")
    laptop.run("credrelay", "pull")
    if theirs["expires_in"] > 0:
        desk.write_login(made_up(2, **theirs))
        desk.run("credrelay", "publish")
    else:  # when it was published it was not expired yet
        full = made_up(2, **theirs)
        store.put({"holder": "desk", "login": full}, RENEWABLE)
        store.put({"claudeAiOauth": {k: v for k, v in full["claudeAiOauth"].items() if k != "refreshToken"}})
    laptop.write_login(made_up(3, **ours))
    won = why == LATER
    assert said(laptop.run("credrelay", "sync")) == (
        held(3, 3, "published it", why) if won else held(2, 2, "pulled it", why))
    desk.run("credrelay", "sync")
    assert {m.access_token() for m in (desk, laptop)} == {token(3 if won else 2)}
    assert store.shared()["accessToken"] == token(3 if won else 2)


@pytest.mark.parametrize("n,words", [
    (1, (0, "pulled it: the login here is an older one, seen before")),
    (3, (0, "published it: both changed, and the login here is the later one")),
    (4, (0, "pulled it: the store's login is the later one")),
], ids=["a backup", "a later login", "an earlier one never seen"])
def test_without_memory_the_history_is_asked(world, n, words):
    proxy = ProxyStore(world)
    join(world, proxy)
    for each in (1, 2):
        world.write_login(made_up(each, expires_in=3600))
        assert world.run("credrelay", "publish").status == 0
    shutil.rmtree(world.state)
    proxy.behave()
    world.write_login(made_up(n, expires_in=1800 if n == 4 else 7200))
    result = world.run("credrelay", "sync")
    assert (result.status, result.out.split(" (")[0]) == words
    assert ("history" in proxy.calls()) == (n != 4)  # the history can only refute a publication


def test_a_damaged_memory_is_no_memory(one, store):
    one.write_login(made_up(1))
    one.run("credrelay", "publish")
    (one.state / "claude.json").write_text('{"v":1,"st')
    assert said(one.run("credrelay", "sync")) == held(1, 1, "nothing to do", SAME)
    assert json.loads((one.state / "claude.json").read_text())["step"]["version"] == 1


def test_a_store_made_anew_gets_the_login(one, store):
    for n in (1, 2):
        one.write_login(made_up(n))
        one.run("credrelay", "publish")
    store.path.unlink()
    assert said(one.run("credrelay", "sync")) == held(2, 1, "published it", EMPTY)


def test_the_memory_of_another_store_does_not_count(one, store, tmp_path):
    one.write_login(made_up(1))
    one.run("credrelay", "publish")
    other = LocalStore(tmp_path / "other" / "store.db")
    join(one, other)
    assert said(one.run("credrelay", "sync")) == held(1, 1, "published it", EMPTY)


# -- a person insists ----------------------------------------------------------------------------


def test_publish_by_force(fleet, store):
    desk, laptop = fleet("desk", "laptop")
    for n in (1, 2):
        desk.write_login(made_up(n))
        desk.run("credrelay", "publish")
        laptop.run("credrelay", "pull")
    desk.write_login(made_up(1))
    assert said(desk.run("credrelay", "publish", "--force")) == held(1, 3, "published it", LATER)
    assert laptop.run("credrelay", "sync").status == 0
    assert laptop.access_token() == token(1)
    assert store.history() == [token(1), token(2), token(1)]


def test_pull_by_force(fleet, store):
    desk, laptop = fleet("desk", "laptop")
    desk.write_login(made_up(1))
    desk.run("credrelay", "publish")
    laptop.run("credrelay", "pull")
    laptop.write_login(made_up(2))
    assert said(laptop.run("credrelay", "pull", "-f")) == held(1, 1, "pulled it", STORE_LATER)
    laptop.write_login(made_up(2))  # what was thrown away does not come back as news
    assert said(laptop.run("credrelay", "sync")) == held(1, 1, "pulled it", OLDER)
    assert store.history() == [token(1)]


def test_pull_by_force_on_the_holder_keeps_its_refresh_token(one):
    one.write_login(made_up(1))
    one.run("credrelay", "publish")
    one.write_login(made_up(2))
    assert one.run("credrelay", "pull", "--force").status == 0
    assert one.read_login() == made_up(1) | {"claudeAiOauth": {
        **made_up(1)["claudeAiOauth"], "expiresAt": one.read_login()["claudeAiOauth"]["expiresAt"]}}


# -- a dry run changes nothing -------------------------------------------------------------------

DRY = {  # what is in the file afterwards, the command, what it says
    "new, publish": (made_up(2), ["publish"], held(2, 1, "would publish it", NEW)),
    "new, sync": (made_up(2), ["sync"], held(2, 1, "would publish it", NEW)),
    "new, pull": (made_up(2), ["pull"], held(2, 1, "nothing to do", NEW)),
    "new, pull by force": (made_up(2), ["pull", "--force"], held(1, 1, "would pull it", STORE_LATER)),
    "blank, pull": (BLANK, ["pull"], held(1, 1, "would pull it", UNUSABLE)),
    "same, sync": (None, ["sync"], held(1, 1, "nothing to do", SAME)),
    "same, publish by force": (None, ["publish", "-f"], held(1, 1, "would publish it", LATER)),
}


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "no memory"])
@pytest.mark.parametrize("content,command,expected", DRY.values(), ids=DRY)
def test_dry_run(one, store, content, command, expected, memory):
    one.write_login(made_up(1))
    one.run("credrelay", "publish")
    if content:
        one.write_login(content)
    if not memory:
        (one.state / "claude.json").unlink()
        (one.state / "events.jsonl").unlink()
    before = snapshot(one.home, store.path.parent)
    result = said(one.run("credrelay", *command, "--dry-run"))
    assert result == expected if memory else result[0] == 0
    assert snapshot(one.home, store.path.parent) == before


def test_a_dry_run_on_a_new_machine(one, store):
    store.path.parent.mkdir()
    one.write_login(made_up(1))
    result = one.run("credrelay", "publish", "-n")
    assert (result.status, result.out) == (0, f"would publish it: {EMPTY} (login "
                                              f"{fingerprint(token(1))}, expires in 7 h 59 min)\n")
    assert store.history() == []
    assert [p.name for p in one.state.iterdir()] == ["claude.lock"]


# -- --json --------------------------------------------------------------------------------------

LOGIN_KEYS = {"state", "fingerprint", "expires_at", "expired", "renewable"}
RESULT_KEYS = {"ok", "command", "relay", "machine", "role", "store", "dry_run", "did", "why", "to_do",
               "local", "shared", "version", "holder", "exit_status"}
FAILURE_KEYS = {"error", "message", "hint"}


def test_json_of_a_publication(one, store):
    content = made_up(1, deadline_in=MONTH)
    one.write_login(content)
    oauth = content["claudeAiOauth"]
    seen = {"state": "usable", "fingerprint": fingerprint(token(1)), "expires_at": oauth["expiresAt"],
            "expired": False, "renewable": True, "deadline": oauth["refreshTokenExpiresAt"]}
    result = one.run("credrelay", "publish", "--json")
    assert result.out.count("\n") == 1 and result.err == ""
    assert result.json == {
        "ok": True, "command": "publish", "relay": "claude", "machine": "machine-1", "role": "writer",
        "store": store.url, "dry_run": False, "did": "publish", "why": "store_empty", "to_do": "nothing",
        "local": seen, "shared": {**seen, "renewable": False}, "version": 1, "holder": "machine-1",
        "exit_status": 0}


JSON = {  # role, the file, the store, the command -> status, did, why, to_do, state here, error
    "finish": ("writer", 1, 1, ["sync"], 0, "publish", "half_published", "nothing", "usable", None),
    "publish": ("writer", 1, None, ["sync"], 0, "publish", "store_empty", "nothing", "usable", None),
    "pull": ("reader", None, 1, ["pull"], 0, "install_shared", "local_unusable", "nothing", "usable", None),
    "keep": ("reader", 2, 1, ["pull"], 0, "nothing", "reader_keeps", "nothing", "usable", None),
    "would": ("reader", None, 1, ["pull", "-n"], 0, "install_shared", "local_unusable", "install_shared",
              "absent", None),
    "other way": ("writer", 2, 1, ["pull"], 0, "nothing", "later", "publish", "usable", None),
    "wait": ("reader", None, None, ["pull"], 75, "nothing", "store_empty", "wait", "absent", "busy"),
    "human": ("writer", None, None, ["pull"], 78, "nothing", "store_empty", "human", "absent", "hopeless"),
    "unmet": ("writer", 0, 1, ["publish"], 65, "nothing", "store_later", "install_shared", "usable",
              "invalid"),
}


@pytest.mark.parametrize("role,here,there,command,status,did,why,to_do,state,error", JSON.values(), ids=JSON)
def test_json(world, store, role, here, there, command, status, did, why, to_do, state, error):
    store.path.parent.mkdir(mode=0o700)
    join(world, store, role)
    if here is not None:
        world.write_login(made_up(here, expires_in=3600 * (1 + here)))
    if there is not None:
        store.put(made_up(there, expires_in=7200, refresh=None))
    result = world.run("credrelay", *command, "--json")
    got = result.json
    assert (result.status, got["exit_status"], got["ok"]) == (status, status, status == 0)
    assert (got["did"], got["why"], got["to_do"], got["local"]["state"]) == (did, why, to_do, state)
    assert got.keys() == RESULT_KEYS | (FAILURE_KEYS if error else set())
    assert got.get("error") == error and result.err == ""
    for side in ("local", "shared"):
        assert got[side].keys() == (LOGIN_KEYS if got[side]["state"] == "usable" else {"state"})


def test_json_of_a_failure(one):
    assert one.run("credrelay", "publish", "--json").json == {
        "ok": False, "command": "publish", "error": "not_found",
        "message": f"{one.login_path} does not exist",
        "hint": "credrelay pull, or log in: claude /login", "exit_status": 65}


# -- other options -------------------------------------------------------------------------------


def test_quiet(one):
    one.write_login(made_up(1))
    assert said(one.run("credrelay", "publish", "-q")) == (0, "", "")
    assert said(one.run("credrelay", "sync", "--quiet")) == (0, "", "")
    one.login_path.unlink()
    assert one.run("credrelay", "publish", "-q").err.startswith("credrelay: publish: ")


def test_verbose(one):
    one.write_login(made_up(1))
    assert one.run("credrelay", "publish", "-v").err == (
        "credrelay: the store was read 2 times and written 2 times\n")


def test_relays_are_apart(world, tmp_path):
    work, home = (LocalStore(tmp_path / name / "store.db") for name in ("work", "home"))
    world.configure(f"[work]\nstore = {work.url}\n\n[home]\nstore = {home.url}\n")
    world.write_login(made_up(1))
    assert world.run("credrelay", "publish", "--json").json["relay"] == "work"  # the first
    assert world.run("credrelay", "publish", "-r", "home", "--json").json["relay"] == "home"
    for store, name in ((work, "work"), (home, "home")):
        assert store.ask("get", f"/{name}/login")["version"] == 1
        assert (world.state / f"{name}.json").exists()
    config = world.home / ".config/credrelay/credrelay.conf"
    assert said(world.run("credrelay", "pull", "--relay", "nosuch")) == (
        64, "", f"credrelay: pull: {config} has no relay called 'nosuch'\n"
                f"  name one of its sections: grep '^\\[' '{config}'\n")


USAGE = {
    "command": (["nonsense"], "credrelay: no command called 'nonsense'\n  see: credrelay help\n"),
    "long option": (["pull", "--bogus"], "credrelay pull: no such option: --bogus\n  see: credrelay pull --help\n"),
    "letter": (["pull", "-x"], "credrelay pull: no such option: -x\n  see: credrelay pull --help\n"),
    "letters": (["pull", "-qxn"], "credrelay pull: no such option: -x\n  see: credrelay pull --help\n"),
    "not for this one": (["sync", "-f"], "credrelay sync: no such option: -f\n  see: credrelay sync --help\n"),
    "argument of a flag": (["sync", "--json=1"],
                           "credrelay sync: no such option: --json=1\n  see: credrelay sync --help\n"),
    "no argument": (["pull", "-r"],
                    "credrelay pull: an argument is missing: -r\n  see: credrelay pull --help\n"),
    "too many": (["pull", "now"], "credrelay pull: too many arguments: now\n  see: credrelay pull --help\n"),
}


@pytest.mark.parametrize("argv,words", USAGE.values(), ids=USAGE)
def test_usage(one, argv, words):
    assert said(one.run("credrelay", *argv)) == (64, "", words)
    assert not one.state.exists()


CONFIG = {  # the file, the exit status, the message ({path} is the file)
    "unknown key": ("[claude]\nrole = writer\nfoo = 1\n", 65,
                    "{path}:3: there is no setting called 'foo'\n"
                    "  the settings are listed in credrelay.conf(5)\n"),
    "role": ("[claude]\nrole = boss\n", 65,
             "{path}:2: role = boss is not valid\n  role takes reader|writer\n"),
    "tool": ("[claude]\n\ntool = emacs\n", 65, "{path}:3: tool = emacs is not valid\n"
             "  tool takes claude|codex|NAME\n"),
    "timeout": ("[claude]\ntimeout = soon\n", 65,
                "{path}:2: timeout = soon is not valid\n  timeout takes DURATION\n"),
    "yes or no": ("[claude]\nshare-refresh-token = maybe\n", 65,
                  "{path}:2: share-refresh-token = maybe is not valid\n  share-refresh-token takes yes|no\n"),
    "no section": ("role = writer\n", 65, "{path}:1: a setting before the first [section]\n"),
    "open section": ("[claude\n", 65, "{path}:1: section without a closing bracket\n"),
    "no setting": ("[claude]\nwriter\n", 65, "{path}:2: neither [section] nor `key = value`\n"),
    "section's name": ("[a/b]\nrole = writer\n", 65,
                       "{path}:1: [a/b] is no name for a relay\n"
                       "  use letters, digits, dots and dashes, at most 63\n"),
    "no store": ("[claude]\nstore = somewhere\n", 64,
                 "'somewhere' is not a store\n  write store = ssm://REGION/NAME or store = local:\n"),
    "no path": ("[claude]\nstore = ssm://us-west-2\n", 64,
                "'ssm://us-west-2' is not a store\n  write store = ssm://REGION/NAME or store = local:\n"),
    "no helper": ("[claude]\nstore = nosuch:x\n", 69,
                  "no helper for 'nosuch:' stores\n  install credrelay whole, or put a program called "
                  "credrelay-store-nosuch on PATH\n"),
}


@pytest.mark.parametrize("text,status,words", CONFIG.values(), ids=CONFIG)
def test_configuration(world, text, status, words):
    world.configure(text)
    path = world.home / ".config/credrelay/credrelay.conf"
    assert said(world.run("credrelay", "pull")) == (
        status, "", f"credrelay: pull: {words.format(path=path)}")


@pytest.mark.parametrize("variable,value,words", [
    ("CREDRELAY_ROLE", "boss", "CREDRELAY_ROLE: role = boss is not valid\n  role takes reader|writer\n"),
    ("CREDRELAY_TIMEOUT", "1ms", "CREDRELAY_TIMEOUT: timeout = 1ms is not valid\n  timeout takes DURATION\n"),
])
def test_environment_that_is_wrong(one, variable, value, words):
    assert said(one.run("credrelay", "pull", env={variable: value})) == (65, "", f"credrelay: pull: {words}")


def test_environment_goes_before_the_file(one):
    one.write_login(made_up(1))
    assert one.run("credrelay", "publish", env={"CREDRELAY_ROLE": "reader"}).status == 77


# -- our own lock --------------------------------------------------------------------------------


def test_waiting_for_the_lock_takes_no_time_from_the_store(one, store):
    proxy = ProxyStore(one, "note('given', str(request['deadline_ms']))", store.path)
    join(one, proxy)
    one.write_login(made_up(1))
    one.run("credrelay", "publish")
    (proxy.folder / "given").unlink()
    with open(one.state / "claude.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = one.start("credrelay", "sync", "-q", env={"CREDRELAY_TIMEOUT": "60s"})
        time.sleep(1.5)
        assert process.poll() is None
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (0, b"", b"")
    first, *_ = (proxy.folder / "given").read_text().split()
    assert 59_000 < int(first) <= 60_000  # ms: a second for the way from the lock to the store


# -- the log -------------------------------------------------------------------------------------


def test_every_result_is_logged(one):
    one.write_login(made_up(1))
    for command in ("publish", "sync", "pull"):
        one.run("credrelay", command)
    one.login_path.unlink()
    one.run("credrelay", "publish")
    for event in (events := one.events()):
        assert (event.pop("v"), event.pop("relay"), event.pop("machine")) == (1, "claude", "machine-1")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("ts"))
    both = {"local": fingerprint(token(1)), "store": fingerprint(token(1)), "version": 1}
    assert events == [
        {"event": "publish", "ok": True, "did": "publish", "why": "store_empty", **both},
        {"event": "sync", "ok": True, "did": "nothing", "why": "same", **both},
        {"event": "pull", "ok": True, "did": "nothing", "why": "same", **both},
        {"event": "publish", "ok": False, "error": "not_found",
         "message": f"{one.login_path} does not exist"}]
    assert (one.state / "events.jsonl").stat().st_mode & 0o777 == 0o600


UNMET = {  # (role, content of the file, command, exit status, of the event)
    "an older login": ("writer", made_up(1), "publish", 65, dict(
        did="nothing", why="superseded", local=fingerprint(token(1)), store=fingerprint(token(2)), version=2,
        error="invalid", message="not published: the login here is an older one, seen before")),
    "nothing anywhere": ("writer", None, "sync", 78, dict(
        did="nothing", why="store_empty", local="absent", store="absent", version=0, error="hopeless",
        message="the store has no login yet")),
    "a writer's turn": ("reader", None, "pull", 75, dict(
        did="nothing", why="store_empty", local="absent", store="absent", version=0, error="busy",
        message="the store has no login yet")),
}


@pytest.mark.parametrize("role, content, command, status, expected", UNMET.values(), ids=UNMET)
def test_what_was_not_done_is_not_ok(one, store, role, content, command, status, expected):
    join(one, store, role)
    if content:
        for n in (1, 2):
            one.write_login(made_up(n))
            one.run("credrelay", "publish")
        one.write_login(content)
    assert one.run("credrelay", command).status == status
    event = one.events(command)[-1]
    assert {k: v for k, v in event.items() if k not in ("v", "ts", "event", "relay", "machine")} == {
        "ok": False, **expected}
