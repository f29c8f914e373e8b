"""claude-p on good and bad days: what is printed, by whom, and with which exit status."""
import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from harness.world import LIBEXEC
from harness.wrapped import (FRESH, NO_LOGIN, PATIENT, RECOVERED, STALE, calls, lapse, printed,
                             proxy_store, publish, record_client)

FORMATS = {
    "text": [],
    "json": ["--output-format", "json"],
    "array": ["--output-format=json", "--verbose"],
    "stream": ["--output-format", "stream-json", "--verbose"],
}
VERSIONS = ("2.1.0", "2.1.100", "2.1.200", "2.1.300")
API_KEY = {"ANTHROPIC_API_KEY": STALE}


# -- the days, each with what must come of it ------------------------------------------------------

def fine(world):
    publish(world)


def overridden(world):
    lapse(world)
    world.env.update(API_KEY)


def hopeless(world):
    world.write_login(access=STALE, refresh=None)


LOG = {"recovery_attempted": True, "recovery_succeeded": True, "retried": True}
DAYS = {
    # day: (what made it, prompt, exit status, runs, stderr, fields of the event or None)
    "fine": (fine, "ok", 0, 1, "", None),
    "lapsed": (lapse, "ok", 0, 2, RECOVERED, {**LOG, "verdict": "lapsed", "exit_status": 0}),
    "quoted": (fine, f"say:{NO_LOGIN}", 0, 1, "", None),
    "other": (fine, "exit:3:Execution error", 3, 1, "", None),
    "overridden": (overridden, "ok", 78, 1,
                   "[claude-p] not recovered: the credential that failed is not the login but "
                   "ANTHROPIC_API_KEY.\n[claude-p]   mend or remove it; the login in "
                   "{home}/.claude/.credentials.json is not used while it is there\n",
                   {"recovery_attempted": False, "recovery_succeeded": False, "retried": False,
                    "verdict": "overridden", "exit_status": 78}),
    "hopeless": (hopeless, "ok", 78, 1,
                 "[claude-p] not recovered: the store has no login yet.\n"
                 "[claude-p]   log in: claude /login\n",
                 {"recovery_attempted": True, "recovery_succeeded": False, "retried": False,
                  "verdict": "lapsed", "exit_status": 78}),
}


def feed(world, how, prompt):
    """(arguments, options of run) that bring PROMPT to the client."""
    if how == "argument":
        return [prompt], {"stdin": subprocess.DEVNULL}
    if how == "none":
        return [prompt], {"stdin": None, "preexec_fn": lambda: __import__("os").close(0)}
    if how == "pipe":
        return [], {"input": prompt}
    path = world.home / "prompt"
    path.write_text("skip this\n" + prompt)
    file = open(path)
    file.buffer.raw.seek(len("skip this\n"))  # where we are given it is where the retry begins
    return [], {"stdin": file}


@pytest.mark.parametrize("how", ["argument", "file", "pipe", "none"])
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("day", DAYS)
def test_matrix(world, day, format, how):
    prepare, prompt, status, runs, err, event = DAYS[day]
    world.install_client()
    record_client(world)
    prepare(world)
    arguments, options = feed(world, how, prompt)
    result = world.run("claude-p", *arguments, *FORMATS[format], **options)
    outputs = printed(world)
    assert result.out.encode() == outputs[-1]
    assert result.err == err.format(home=world.home)
    assert (result.status, len(outputs)) == (status, runs)
    assert all(run["argv"][0] == "-p" for run in world.client_runs())
    logged = world.events("run")
    assert len(logged) == (event is not None)
    for key, value in (event or {}).items():
        assert logged[0][key] == value, (key, logged)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("lost", ["refused", "absent", "blank", "expired"])
def test_every_version_recovers_in_every_format(world, api, version, format, lost):
    world.install_client(api, version=version)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    stale = {"access": STALE, "refresh": None}
    {"refused": lambda: world.write_login(**stale),
     "absent": world.login_path.unlink,
     "blank": lambda: world.write_login(access="", refresh="", expires_in=-time.time()),
     "expired": lambda: world.write_login(**stale, expires_in=-60)}[lost]()
    result = world.run("claude-p", "ok", *FORMATS[format])
    assert (result.status, result.err) == (0, RECOVERED)
    retried = world.events("run")[-1]["retried"]
    assert len(world.client_runs()) == 1 + retried
    # a stream of 2.1.100 and later says that it was refused: it heals as it goes, if we are in time
    assert retried == (lost == "refused") or (lost == "refused" and format == "stream")
    assert "ok" in result.out and "login" not in result.out.replace("/login", "login")
    assert world.access_token() == fresh["accessToken"]
    assert world.login_mode() == "0o600"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name, message", [("403-org", "403"), ("400-org", "disabled")])
def test_forbidden_is_never_retried(world, api, format, name, message):
    world.install_client(api)
    publish(world, access=world.human_login(api)["accessToken"])
    api.answer(name)
    result = world.run("claude-p", "ok", *FORMATS[format])
    assert result.status == 78 and len(world.client_runs()) == 1
    assert result.err.startswith("[claude-p] not recovered: no login can help: ")
    assert result.out != ""
    assert world.events("run")[0]["verdict"] == "forbidden"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["429", "529", "500", "404"])
def test_failures_of_others_pass_through(world, api, format, name):
    world.install_client(api)
    publish(world, access=world.human_login(api)["accessToken"])
    api.answer(name)
    result = world.run("claude-p", "ok", *FORMATS[format])
    assert (result.status, result.err) == (1, "")
    assert result.out != "" and world.events("run") == []


# -- nothing twice -------------------------------------------------------------------------------

SESSION = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("format", ["json", "array", "stream"])
def test_work_is_not_repeated(world, api, format):
    """The run worked, then its login was refused: the next run gets a login, this one stands."""
    world.install_client(api)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    world.write_login({"claudeAiOauth": {**api.login(), "refreshToken": None}})
    result = world.run("claude-p", "midrun-401", "--session-id", SESSION, *FORMATS[format])
    why = ("the run had already done work" if format == "json" else
           "the run had already answered in part")
    assert result.err == (f"[claude-p] auth lapsed; not retried: {why}. The next run has a fresh "
                          f"login.\n[claude-p]   go on with: claude --resume {SESSION}\n")
    assert result.status == 1 and len(world.client_runs()) == 1
    last = json.loads(result.out.splitlines()[-1])
    assert (last[-1] if format == "array" else last)["is_error"] is True
    assert world.access_token() == fresh["accessToken"]
    event = world.events("run")[0]
    assert (event["recovery_attempted"], event["recovery_succeeded"]) == (True, False)


@pytest.mark.parametrize("retry, prompt, runs", [
    ("always", "midrun-revoked", 2), ("safe", "midrun-revoked", 1), ("never", "ok", 1)])
def test_retry_setting(world, api, retry, prompt, runs):
    world.install_client(api)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    stale = {"claudeAiOauth": {**api.login(), "refreshToken": None}}
    world.write_login(stale)
    if retry == "never":
        api.revoke(stale["claudeAiOauth"]["accessToken"])
    world.configure(f"[claude]\nretry = {retry}\n{PATIENT}")
    result = world.run("claude-p", prompt, "--output-format", "json")
    assert len(world.client_runs()) == runs
    if retry == "never":
        assert result.status == 1 and world.access_token() == fresh["accessToken"]
        assert "not retried: retry = never. The next run has a fresh login." in result.err


def test_switched_off(world):
    world.install_client()
    lapse(world)
    result = world.run("claude-p", "ok", env={"CLAUDE_P_NO_RECOVER": "1"})
    assert result.status == 1 and result.err == "" and "401" in result.out
    assert len(world.client_runs()) == 1 and world.events("run") == []
    assert world.access_token() == STALE


# -- in flight ------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", ["2.1.100", "2.1.300"])
def test_a_client_that_tries_again_finds_a_fresh_login(world, api, version):
    """No restart: the login is pulled beside the running client, between its attempts."""
    world.install_client(api, version=version, healed_within=60)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    world.write_login(access=STALE, refresh=None)
    api.set(should_retry=True)
    result = world.run("claude-p", "ok", *FORMATS["stream"])
    assert (result.status, len(world.client_runs())) == (0, 1)
    assert result.err == RECOVERED
    assert "api_retry" in result.out and world.access_token() == fresh["accessToken"]
    event = world.events("run")[0]
    assert (event["recovery_attempted"], event["recovery_succeeded"], event["retried"]) == (
        True, True, False)


@pytest.mark.skipif(not shutil.which("strace"), reason="slowed down with strace (Linux)")
def test_what_has_healed_beside_is_waited_for(world, api):
    """The client is through as soon as the file is there; what brought it still writes down that it did."""
    world.install_client(api, healed_within=60)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    world.write_login(access=STALE, refresh=None)
    result = world.run("strace", "-f", "-o", "/dev/null", "-e", "inject=rename:delay_enter=700000:when=2",
                       "claude-p", "ok", *FORMATS["stream"], env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert (result.status, result.err, len(world.client_runs())) == (0, RECOVERED, 1)
    assert world.events("run")[0]["recovery_succeeded"] is True


def test_what_heals_beside_has_none_of_the_run_s_handlers(world, api):
    """They would write into a descriptor that is another's by now, and swallow what is to end it."""
    world.install_client(api, healed_within=60)
    proxy_store(world)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    world.write_login(access=STALE, refresh=None)
    world.program("credrelay-store-proxy", (world.bin / "credrelay-store-proxy").read_text().replace(
        "#!/bin/sh\n", "#!/bin/sh\ngrep SigCgt /proc/$PPID/status >>caught\n"))
    result = world.run("claude-p", "ok", *FORMATS["stream"])
    assert (result.status, len(world.client_runs())) == (0, 1), result
    masks = [int(line.split()[1], 16) for line in (world.home / "caught").read_text().splitlines()]
    ours = sum(1 << (number - 1) for number in (
        signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD))
    assert masks and all(mask & ours == 0 for mask in masks)


def test_healing_that_comes_too_late_is_a_retry(world, api):
    """The client gives up before the store has answered; the run is then repeated as ever."""
    world.install_client(api)
    proxy_store(world)
    fresh = world.human_login(api)
    publish(world, access=fresh["accessToken"], refresh=None)
    world.write_login(access=STALE, refresh=None)
    world.program("credrelay-store-proxy", (world.bin / "credrelay-store-proxy").read_text().replace(
        "#!/bin/sh\n", "#!/bin/sh\nuntil [ -e \"$HOME/given-up\" ]; do sleep 0.02; done\n"))
    (world.bin / "claude").rename(world.bin / "client")
    world.program("claude", '#!/bin/sh\nclient "$@"\nstatus=$?\n: >"$HOME/given-up"\nexit $status\n')
    (world.home / "calls").unlink()
    result = world.run("claude-p", "ok", *FORMATS["stream"])
    assert (result.status, len(world.client_runs())) == (0, 2)
    assert result.err == RECOVERED.replace("the local store", "proxy")
    assert calls(world).count("get") <= 2


# -- before the run --------------------------------------------------------------------------------

LOST = {
    "absent": None, "empty": "", "torn": '{"claudeAiOauth":{"accessTo', "garbage": "\x00\x01",
    "logged out": "{}", "no scopes": {"claudeAiOauth": {"accessToken": "x", "expiresAt": 1}},
}


@pytest.mark.parametrize("lost", LOST)
def test_a_login_that_cannot_work_is_synced_before(world, lost):
    world.install_client()
    publish(world)
    if LOST[lost] is None:
        world.login_path.unlink()
    else:
        world.write_login(LOST[lost])
    result = world.run("claude-p", "ok")
    assert (result.status, result.out, result.err) == (0, "ok\n", RECOVERED)
    assert len(world.client_runs()) == 1 and world.access_token() == FRESH
    event = world.events("run")[0]
    assert (event["recovery_attempted"], event["recovery_succeeded"]) == (True, True)


def test_fruitless_asking_is_not_repeated_for_a_while(world):
    world.install_client()
    proxy_store(world)
    assert world.run("claude-p", "ok").status == 78
    first = len(calls(world))
    world.login_path.unlink(missing_ok=True)
    for _ in range(3):
        began = len(calls(world))
        assert world.run("claude-p", "ok").status == 78
        # Nothing before the run; after it, the one look that the failed run is owed.
        assert len(calls(world)) - began <= first


def test_a_rejected_login_is_remembered(world):
    """A refused login that comes back into the file is seen before the run, not after it."""
    world.install_client()
    lapse(world)
    stale = world.login_path.read_bytes()
    assert world.run("claude-p", "ok").err == RECOVERED
    world.write_login(stale)
    result = world.run("claude-p", "ok")
    assert (result.out, result.err) == ("ok\n", RECOVERED)
    assert len(world.client_runs()) == 3


def test_a_fresh_login_that_is_refused_too_is_remembered(world):
    world.install_client()
    publish(world, access=FRESH + "-STALE")
    world.write_login(access=STALE, refresh=None)
    result = world.run("claude-p", "ok")
    assert result.status == 78 and len(world.client_runs()) == 2
    assert result.err == (RECOVERED + "[claude-p] not recovered: the fresh login was refused as "
                          "well.\n[claude-p]   log in: claude /login\n")
    state = json.loads((world.state / "claude.json").read_text())
    assert len(state["rejected"]) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_store_that_hangs_is_bounded(world, when):
    world.install_client()
    proxy_store(world, before="sleep 60 & wait; exit 1")
    if when == "after":
        world.write_login(access=STALE, refresh=None)
    world.env["CREDRELAY_TIMEOUT"] = "1s"
    world.env["CREDRELAY_PREFLIGHT"] = "1s"
    result = world.run("claude-p", "ok")
    assert result.status == 78
    assert result.seconds < 30
    assert "not recovered" in result.err


# -- who is behind the wrapper ---------------------------------------------------------------------

def install_as_claude(world, how, folder):
    program = (world.run("sh", "-c", "readlink -f $(command -v credrelay)").out).strip()
    folder.mkdir(exist_ok=True)
    world.run({"symlink": "ln", "hard link": "ln", "copy": "cp"}[how],
              *(["-s"] if how == "symlink" else []), program, folder / "claude")


@pytest.mark.parametrize("how", ["symlink", "hard link", "copy", "two copies"])
def test_installed_under_the_clients_name(world, how):
    world.install_client()
    lapse(world)
    folders = ["w1", "w2"] if how == "two copies" else ["w1"]
    for name in folders:
        install_as_claude(world, how.replace("two copies", "copy"), world.home / name)
    (world.bin / "credrelay-store-local").symlink_to(LIBEXEC / "store-local")
    world.env["PATH"] = ":".join([str(world.home / f) for f in folders] + [world.env["PATH"]])
    result = world.run("claude", "-p", "ok", timeout=120)
    assert (result.status, result.out, result.err) == (0, "ok\n", RECOVERED)
    assert len(world.client_runs()) == 2
    result = world.run("claude-p", "ok", timeout=120)
    assert (result.status, result.out, result.err) == (0, "ok\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="told by the death signal")
def test_a_client_that_leads_back_to_the_wrapper(world):
    """A script that was to make claude mean claude-p: a chain of processes without end."""
    publish(world)
    world.program("claude", '#!/bin/sh\nexec claude-p "$@"\n')
    result = world.run("claude-p", "ok", timeout=60)
    assert (result.status, result.out, result.err) == (127, "", (
        "[claude-p] the claude on PATH leads back to claude-p\n"
        "[claude-p]   take it off PATH, or let it call the client by its path: type -a claude\n"))


def test_a_client_that_calls_the_wrapper(world):
    """For another job: its tools may."""
    publish(world)
    world.program("claude", '#!/bin/sh\ncase $* in *outer*) claude-p inner; echo outer ;; *) echo inner ;; esac\n')
    result = world.run("claude-p", "outer", timeout=60)
    assert (result.status, result.out, result.err) == (0, "inner\nouter\n", "")


def test_126_and_127(world):
    result = world.run("claude-p", "ok")
    assert result.status == 127
    assert result.err == ("[claude-p] claude: command not found\n[claude-p]   the program behind "
                          "the wrapper must be on PATH: type -a claude\n")
    world.program("claude", "#!/nonexistent/interpreter\n")
    assert world.run("claude-p", "ok").status == 127
    world.program("claude", "no program")
    (world.bin / "claude").chmod(0o644)
    assert world.run("claude-p", "ok").status == 126
    (world.bin / "claude").chmod(0o755)
    assert world.run("claude-p", "ok").status == 127  # a script without #! is the shell's
    world.program("claude", 'echo "$0 $@"; exit 7')
    result = world.run("claude-p", "a b")
    assert (result.status, result.out) == (7, f"{world.bin}/claude -p a b\n")
    assert world.run("credrelay", "run", "--", "./none").status == 127


def test_a_broken_configuration_stops_no_job(world):
    world.install_client()
    publish(world)
    world.configure("[claude]\nnonsense = 1\n")
    result = world.run("claude-p", "ok")
    assert (result.status, result.out) == (0, "ok\n")
    assert result.err.endswith("[claude-p] running without recovery\n")
