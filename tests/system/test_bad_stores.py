"""A store that is down, slow, or talks nonsense: what is said, how it ends, and that the file stays."""
import re
import time

import pytest

from harness.proxy_store import ProxyStore
from harness.relay import fingerprint, join, made_up, snapshot, token

NAME = "proxy: "
TRY = "\n  try: {helper} </dev/null\n"
MANUAL = "\n  what a store must answer: credrelay-store(7)\n"
NOT_JSON = (69, NAME + "{helper} answered something that is not JSON" + TRY)
SILENT = (69, NAME + "no answer within T\n  try again, or raise `timeout` in credrelay.conf\n")
LONG = (65, NAME + "the helper's answer is larger than 1048576 bytes\n")
FAILED = (69, NAME + "it failed and did not say why\n")


def write(python):
    return f"sys.stdout.write({python}); sys.exit(0)"


def says(**answer):
    return f"tell({answer!r}); sys.exit(0)"


BEHAVIOURS = {  # the program, the exit status and what is said after "credrelay: pull: "
    "down": ("sys.exit(1)", 69, NAME + "{helper} gave no answer (exit status 1)" + TRY),
    "down, and says why": ("sys.exit('no route\\nto host')", 69,
                           NAME + "{helper} gave no answer (exit status 1): no route" + TRY),
    "killed": ("os.kill(os.getpid(), 9)", 69, NAME + "{helper} was killed by signal 9" + TRY),
    "an answer, then exit 3": ("tell(ask()); sys.stdout.flush(); os._exit(3)", 69,
                               NAME + "{helper} gave no answer (exit status 3)" + TRY),
    "silent for 60 s": ("time.sleep(60)", *SILENT),
    "half an answer, then silent": ("sys.stdout.write('{'); sys.stdout.flush(); time.sleep(60)", *SILENT),
    "one byte a moment": ("while True: print(' ', end='', flush=True); time.sleep(0.05)", *SILENT),
    "nothing": ("sys.exit(0)", *NOT_JSON),
    "garbage": (write("'\\x00\\xff{'"), *NOT_JSON),
    "half an answer": (write("json.dumps(ask())[:-5]"), *NOT_JSON),
    "two answers": (write("2 * json.dumps(ask())"), *NOT_JSON),
    "ok twice": (write("'{\"ok\":true,\"ok\":false}'"), *NOT_JSON),
    "nested deeply": (write("'[' * 100000"), *NOT_JSON),
    "10 MB": (write("'x' * 10_000_000"), *LONG),
    "10 MB of JSON": (write("json.dumps({'ok': True, 'value': 'x' * 10_000_000})"), *LONG),
    "an array": (write("'[]'"), *FAILED),
    "a number": (write("'7'"), *FAILED),
    "no ok": (write("'{}'"), *FAILED),
    "ok as text": (says(ok="true", version=1, value="{}"), *FAILED),
    "no version": (says(ok=True, value="{}"), 69, NAME + "the answer has no version" + MANUAL),
    "version as text": (says(ok=True, version="1", value="{}"), 69, NAME + "the answer has no version" + MANUAL),
    "version 0": (says(ok=True, version=0, value="{}"), 69, NAME + "the answer has no version" + MANUAL),
    "version -1": (says(ok=True, version=-1, value="{}"), 69, NAME + "the answer has no version" + MANUAL),
    "no value": (says(ok=True, version=9), 69, NAME + "the answer has no value" + MANUAL),
    "value of another kind": (says(ok=True, version=9, value=5), 69, NAME + "the answer has no value" + MANUAL),
    "words for a terminal": (says(ok=False, error="failed", message="a\x1b[31mb\nc\r", hint="d\te"), 69,
                             NAME + "a [31mb c \n  d e\n"),
    "words without end": (says(ok=False, error="failed", message="m" * 100_000), 69,
                          NAME + "m" * 502 + "..." + "m" * 255 + "\n"),
}

CODES = {  # `error` -> exit status
    "usage": 64, "invalid": 65, "denied": 77, "bad_credentials": 77, "conflict": 75, "throttled": 75,
    "unreachable": 69, "too_large": 65, "unsupported": 69, "busy": 75, "io": 74, "failed": 69,
    "nonsense": 69, "": 69, "ok": 69,
}
BEHAVIOURS.update({
    f"error {code}": (says(ok=False, error=code, message="so it is", hint="do this"), status,
                      NAME + "so it is\n  do this\n")
    for code, status in CODES.items()})


@pytest.fixture
def proxy(world):
    """A store with login 1, which its holder has lost."""
    proxy = ProxyStore(world)
    join(world, proxy)
    world.write_login(made_up(1))
    assert world.run("credrelay", "publish").status == 0
    world.write_login("")
    return proxy


def patience(words):
    """A second for what never answers; all others may take their time on a loaded machine."""
    return {"CREDRELAY_TIMEOUT": "1s"} if words == SILENT[1] else {}


def words_of(result):
    """What is said; the time that was left for a call depends on what went before it."""
    return re.sub(r"within [\d.]+ s", "within T", result.err)


def without_log(world):
    state = snapshot(world.login_path.parent, world.state, world.home / ".config")
    return {p: what for p, what in state.items() if not p.endswith("events.jsonl")}


@pytest.mark.parametrize("behaviour,status,words", BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_pull(world, proxy, behaviour, status, words):
    before = without_log(world), proxy.database.read_bytes()
    proxy.behave(behaviour)
    result = world.run("credrelay", "pull", env=patience(words))
    assert (result.status, result.out) == (status, "")
    assert words_of(result) == "credrelay: pull: " + words.format(helper=world.bin / "credrelay-store-proxy")
    assert (without_log(world), proxy.database.read_bytes()) == before
    assert result.seconds < 30
    proxy.behave()
    assert world.run("credrelay", "pull").status == 0
    assert world.access_token() == token(1)


@pytest.mark.parametrize("which", ["put", "put renewable"])
@pytest.mark.parametrize("behaviour,status,words", [pytest.param(*BEHAVIOURS[k], id=k) for k in (
    "down", "silent for 60 s", "garbage", "an array", "version 0", "error denied", "error throttled")])
def test_put(world, proxy, which, behaviour, status, words):
    """A put that fails is told; the login stays here, and the next sync goes on."""
    proxy.behave(f"if now('{which} 1'): {behaviour}")
    content = made_up(2)
    world.write_login(content)
    if (which, behaviour) == ("put renewable", BEHAVIOURS["error denied"][0]):
        status, words = 0, None  # the shared value alone is better than nothing
    result = world.run("credrelay", "publish", env=patience(words))
    assert result.status == status
    if words:
        helper = world.bin / "credrelay-store-proxy"
        assert words_of(result) == "credrelay: publish: " + words.format(helper=helper)
    assert world.read_login() == content
    proxy.behave()
    assert world.run("credrelay", "sync").status == 0
    assert world.run("credrelay", "sync").out.startswith("nothing to do: ")
    assert world.read_login() == content


def test_a_writer_that_may_not_put_the_renewable_value(world, proxy):
    proxy.behave("if renewable and op == 'put': " + BEHAVIOURS["error denied"][0])
    world.write_login(made_up(2))
    result = world.run("credrelay", "publish")
    assert (result.status, result.err) == (
        0, "credrelay: warning: /claude/login.renewable could not be put: proxy: so it is\n"
           "  without it no other writer can renew this login: allow ssm:GetParameter and ssm:PutParameter on "
           "/claude/login.renewable, or set share-refresh-token = yes\n")
    assert result.out.startswith("published it: ")
    assert "could not be put" in world.events()[-1]["warning"]


def test_a_writer_that_may_not_see_the_renewable_value(world, proxy):
    proxy.behave("if renewable: " + BEHAVIOURS["error denied"][0])
    assert world.run("credrelay", "sync").status == 0
    assert world.access_token() == token(1)
    assert "refreshToken" not in world.read_login()["claudeAiOauth"]


def test_ten_seconds_are_the_usual_limit(world):
    proxy = ProxyStore(world, "time.sleep(3600)")
    world.configure(f"[claude]\nstore = {proxy.url}\n")
    result = world.run("credrelay", "pull", timeout=120)
    assert (result.status, words_of(result)) == (
        69, "credrelay: pull: proxy: no answer within T\n"
            "  try again, or raise `timeout` in credrelay.conf\n")
    assert 9.9 < result.seconds < 100


def test_the_limit_is_for_all_calls_together(world, proxy):
    """A store that answers each call just in time is slow all the same."""
    proxy.behave("time.sleep(0.7)")
    world.write_login(made_up(2))
    assert world.run("credrelay", "publish", env={"CREDRELAY_TIMEOUT": "1s"}).status == 69


@pytest.mark.parametrize("option,err", [
    ("--quiet", ""),
    ("--verbose", "one\ntwo ?[0m\none\ntwo ?[0m\ncredrelay: the store was read 2 times and written 0 times\n"),
])
def test_what_a_helper_says_to_people(world, proxy, option, err):
    noise = "print('one', file=sys.stderr, flush=True); time.sleep(0.1); print('two \\x1b[0m', file=sys.stderr)"
    proxy.behave(noise)
    result = world.run("credrelay", "pull", option)
    assert (result.status, result.err) == (0, err)


def test_much_that_a_helper_says(world, proxy):
    """Bounded, and read to its end: a helper that blocked on it would never answer."""
    proxy.behave("sys.stderr.write('n' * 1_000_000)")
    assert world.run("credrelay", "pull").status == 0
    proxy.behave("sys.stderr.write('n' * 1_000_000)")
    noise = world.run("credrelay", "sync", "-v").err
    assert noise.startswith("n" * 4000) and len(noise) < 5000


def test_a_helper_that_does_not_read(world, proxy):
    proxy.behave()
    helper = world.bin / "credrelay-store-proxy"
    helper.write_text("#!/bin/sh\nexec 0<&-\nsleep 0.1\n"
                      'echo \'{"ok":false,"error":"throttled","message":"later"}\'\n')
    result = world.run("credrelay", "pull")
    assert (result.status, result.err) == (75, "credrelay: pull: proxy: later\n")


def test_a_helper_that_cannot_be_started(world, proxy):
    helper = world.bin / "credrelay-store-proxy"
    helper.write_text("#!/nonexistent/interpreter\n")
    result = world.run("credrelay", "pull")
    assert result.status == 69
    assert result.err == f"credrelay: pull: proxy: cannot start {helper}: No such file or directory\n"


def test_an_answer_that_is_older_than_what_was_seen(world, proxy):
    """A replica that lags is asked again; what it says then counts."""
    world.write_login(made_up(2))
    assert world.run("credrelay", "publish").status == 0
    proxy.behave("if op == 'get' and not renewable and nth('get') < 3: tell(ask(version=1)); sys.exit(0)")
    result = world.run("credrelay", "sync")
    assert result.out.startswith(f"nothing to do: this machine and the store hold the same login (login "
                                 f"{fingerprint(token(2))}, ")
    assert proxy.calls().count("get") == 3
