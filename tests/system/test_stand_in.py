"""The stand-in client against what was observed of the real one.  The texts are from recorded runs:
a change here is a claim about the real client."""
import hashlib
import json
import os
import re
import resource
import time

import pytest

VERSIONS = ("2.1.0", "2.1.100", "2.1.200", "2.1.300")
STALE = "sk-ant-oat01-TEST-STALE"

RAW = ('{"type":"error","error":{"type":"%s","message":"%s"},'
       '"request_id":"req_011CTESTmadeup000000001"}')
CREDENTIALS = "Invalid authentication credentials"
RAW_CREDENTIALS = RAW % ("authentication_error", CREDENTIALS)
BEARER = "Invalid bearer token"
RAW_BEARER = RAW % ("authentication_error", BEARER)
LIMIT = "This request would exceed your account's rate limit. Please try again later."
GATEWAY = (". This is a server-side issue, usually temporary — try again in a moment. "
           "If it persists, check your inference gateway (HOST).")
LIMITED = f"API Error: Server is temporarily limiting requests (not your usage limit) · {LIMIT}"
ORG = ("Your organization has disabled Claude subscription access for Claude Code · Use an Anthropic "
       "API key instead, or ask your admin to enable access")
NO_ACCESS = ("Your account does not have access to Claude. Please login again or contact your "
             "administrator.")
NO_LOGIN = ("Invalid API key · Please run /login",) + ("Not logged in · Please run /login",) * 3
EXPIRED = "Failed to authenticate: OAuth session expired and could not be refreshed"
BUSY = ("Failed to refresh OAuth token: another Claude Code process is refreshing it or exited "
        "mid-refresh. This is usually transient; retry in a minute, and if it persists close other "
        "Claude Code processes or sign in again")


def unauthorized(message, raw):
    return (f"API Error: 401 {raw} · Please run /login",
            f"Failed to authenticate. API Error: 401 {raw}",
            *(f"Failed to authenticate. API Error: 401 {message}",) * 2)


# -- the worlds in which a run fails -------------------------------------------------------------


def no_credentials(world, api):
    pass


def garbage(world, api):
    world.write_login("{\"claudeAiOauth\":")


def no_scopes(world, api):
    world.human_login(api)
    login = world.read_login()
    del login["claudeAiOauth"]["scopes"]
    world.write_login(login)


def stale(world, api, **login):
    world.write_login(access=STALE, refresh=None, **login)


def stale_bearer(world, api):
    api.set(unauthorized="401-bearer")
    stale(world, api)


def expired_without_refresh_token(world, api):
    stale(world, api, expires_in=-3600)


def refresh_refused(world, api):
    world.write_login(access=STALE, expires_in=-3600)


def refresh_unreachable(world, api):
    world.write_login(access=STALE, expires_in=-3600)
    world.env["FAKE_CLAUDE_TOKEN_URL"] = "http://127.0.0.1:1/v1/oauth/token"


def lock_held(world, api):
    world.write_login(access=STALE, expires_in=-3600)
    (world.home / ".claude.lock").mkdir()
    world.env["FAKE_CLAUDE_LOCK_WAIT"] = "0.2"


def bad_api_key(world, api):
    world.human_login(api)
    world.env["ANTHROPIC_API_KEY"] = "sk-ant-api03-TEST-WRONG"


def bad_token_in_environment(world, api):
    world.human_login(api)
    api.set(unauthorized="401-bearer")
    world.env["CLAUDE_CODE_OAUTH_TOKEN"] = STALE


def nobody_listens(world, api):
    world.human_login(api)
    world.env["ANTHROPIC_BASE_URL"] = "http://127.0.0.1:1"


def answers(name):
    def prepare(world, api):
        world.human_login(api)
        api.answer(name)
    return prepare


FAILURES = {
    "no credentials": (no_credentials, NO_LOGIN),
    "garbage file": (garbage, NO_LOGIN),
    "no scopes": (no_scopes, NO_LOGIN),
    "401": (stale, unauthorized(CREDENTIALS, RAW_CREDENTIALS)),
    "401 bearer": (stale_bearer, unauthorized(BEARER, RAW_BEARER)),
    "expired, no refresh token": (expired_without_refresh_token,
                                  unauthorized(CREDENTIALS, RAW_CREDENTIALS)),
    "refresh refused": (refresh_refused, (*unauthorized(CREDENTIALS, RAW_CREDENTIALS)[:2],
                                          "Not logged in · Please run /login", EXPIRED)),
    "refresh unreachable": (refresh_unreachable, unauthorized(CREDENTIALS, RAW_CREDENTIALS)),
    "lock held": (lock_held, (None, unauthorized(CREDENTIALS, RAW_CREDENTIALS)[1], None, BUSY)),
    "403 revoked": (answers("403-revoked"), (
        "OAuth token revoked · Please run /login", NO_ACCESS, NO_ACCESS,
        "Failed to authenticate: OAuth token revoked. Please log in again or contact your "
        "administrator.")),
    "403 organization": (answers("403-org"), (
        "Your account does not have access to Claude Code. Please run /login.",
        NO_ACCESS.replace("account", "organization"), ORG, ORG)),
    "403 plain": (answers("403-plain"), (
        f'API Error: 403 {RAW % ("forbidden", "Request not allowed")} · Please run /login',
        f'Failed to authenticate. API Error: 403 {RAW % ("forbidden", "Request not allowed")}',
        *("Failed to authenticate. API Error: 403 Request not allowed",) * 2)),
    "400 organization": (answers("400-org"), (
        *("API Error: 400 " + RAW % ("invalid_request_error", "This organization has been disabled."),
          ) * 2,
        *("API Error: 400 This organization has been disabled.",) * 2)),
    "400 credit": (answers("400-credit"), ("Credit balance is too low",) * 4),
    "429": (answers("429"), ("API Error: Rate limit reached",
                             f"API Error: Request rejected (429) · {LIMIT}", LIMITED, LIMITED)),
    "500": (answers("500"), (*(f'API Error: 500 {RAW % ("api_error", "Internal server error")}',) * 2,
                             *(f"API Error: 500 Internal server error{GATEWAY}",) * 2)),
    "529": (answers("529"), (*(f'API Error: 529 {RAW % ("overloaded_error", "Overloaded")}',) * 2,
                             *(f"API Error: 529 Overloaded{GATEWAY}",) * 2)),
    "bad API key": (bad_api_key, ("Invalid API key · Fix external API key",) * 4),
    "bad token in the environment": (bad_token_in_environment, unauthorized(BEARER, RAW_BEARER)),
    "nobody listens": (nobody_listens, (
        "API Error: Connection error.",
        "API Error: Unable to connect to API. Check your internet connection",
        "API Error: Unable to connect to API (ConnectionRefused)",
        "API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)")),
}
CASES = [pytest.param(prepare, version, text, id=f"{name}-{version}")
         for name, (prepare, texts) in FAILURES.items()
         for version, text in zip(VERSIONS, texts) if text]


@pytest.fixture
def client(world, api):
    """client(version, **settings) installs the stand-in with short pauses."""
    def install(version="2.1.300", **settings):
        world.install_client(api, version, **{"retry_pause": 0.01, **settings})
    return install


def text_of(result):
    assert result.err == ""
    return result.out


@pytest.mark.parametrize("prepare, version, text", CASES)
def test_failure_reads_as_recorded(world, api, client, prepare, version, text):
    client(version)
    prepare(world, api)
    host = world.env["ANTHROPIC_BASE_URL"].split("/")[2]
    text = text.replace("HOST", host)
    assert text_of(result := world.run("claude", "-p", "Say ok.")) == text + "\n"
    assert result.status == 1
    result = world.run("claude", "-p", "--output-format", "json", "Say ok.")
    assert (result.status, result.json["is_error"], result.json["subtype"]) == (1, True, "success")
    if prepare is not refresh_refused:  # its second run finds the file blank
        assert result.json["result"] == text


# -- formats -------------------------------------------------------------------------------------


def lines(result):
    return [json.loads(line) for line in result.out.splitlines()]


def shape(events):
    """What a reader of a stream can go by: (type, subtype or error or model)."""
    return [(e["type"], e.get("subtype") or e.get("error") or e.get("message", {}).get("model", "")[:6])
            for e in events]


INIT, RETRY, OK = ("system", "init"), ("system", "api_retry"), ("assistant", "claude")
LIMITS, SYNTHETIC = ("rate_limit_event", ""), ("assistant", "authentication_failed")
USER, RESULT = ("user", ""), ("result", "success")


@pytest.mark.parametrize("version, prompt, prepare, expected", [
    ("2.1.0", "ok", None, [INIT, OK, RESULT]),
    ("2.1.100", "ok", None, [INIT, OK, LIMITS, RESULT]),
    ("2.1.300", "ok", None, [INIT, OK, LIMITS, RESULT]),
    ("2.1.0", "ok", stale, [INIT, SYNTHETIC, RESULT]),
    ("2.1.100", "ok", stale, [INIT, SYNTHETIC, RESULT]),
    ("2.1.200", "ok", stale, [INIT, RETRY, RETRY, SYNTHETIC, RESULT]),
    ("2.1.300", "ok", stale, [INIT, RETRY, RETRY, SYNTHETIC, RESULT]),
    ("2.1.300", "ok", no_credentials, [INIT, SYNTHETIC, RESULT]),
    ("2.1.300", "ok", answers("403-revoked"), [INIT, RETRY, RETRY, SYNTHETIC, RESULT]),
    ("2.1.300", "ok", answers("403-plain"), [INIT, SYNTHETIC, RESULT]),
    ("2.1.0", "midrun-401", None, [INIT, OK, OK, USER, SYNTHETIC, RESULT]),
    ("2.1.100", "midrun-401", None, [INIT, OK, OK, LIMITS, USER, SYNTHETIC, RESULT]),
    ("2.1.300", "midrun-401", None, [INIT, OK, OK, LIMITS, USER, RETRY, RETRY, SYNTHETIC, RESULT]),
])
def test_stream(world, api, client, version, prompt, prepare, expected):
    client(version)
    (prepare or (lambda w, a: w.human_login(a)))(world, api)
    result = world.run("claude", "-p", "--output-format", "stream-json", "--verbose", prompt)
    assert shape(lines(result)) == expected
    assert result.status == (1 if SYNTHETIC in expected else 0)
    failed = [e for e in lines(result) if e.get("error") == "authentication_failed" and "message" in e]
    assert all(e["message"]["model"] == "<synthetic>" for e in failed)


@pytest.mark.parametrize("version, status", [("2.1.0", "absent"), ("2.1.100", "absent"),
                                             ("2.1.200", 401), ("2.1.300", 401)])
def test_api_error_status(world, api, client, version, status):
    client(version)
    stale(world, api)
    result = world.run("claude", "-p", "--output-format", "json", "ok").json
    assert result.get("api_error_status", "absent") == status
    assert (result["num_turns"], result["total_cost_usd"]) == (1, 0)


def test_midrun_failure_has_done_work(world, api, client):
    client()
    world.human_login(api)
    result = world.run("claude", "-p", "--output-format", "json", "midrun-401")
    assert result.status == 1
    assert result.json["api_error_status"] == 401
    assert result.json["num_turns"] == 2
    assert result.json["total_cost_usd"] > 0


def test_verbose_json_is_an_array(world, api, client):
    client()
    world.human_login(api)
    result = world.run("claude", "-p", "--output-format", "json", "--verbose", "ok")
    assert shape(result.json) == [INIT, OK, LIMITS, RESULT]


@pytest.mark.parametrize("version, status", [("2.1.0", 0), ("2.1.100", 1), ("2.1.300", 1)])
def test_max_turns(world, api, client, version, status):
    client(version)
    world.human_login(api)
    result = world.run("claude", "-p", "tool", "--max-turns", "1")
    assert (text_of(result), result.status) == ("Error: Reached max turns (1)", status)


def test_conversation_on_stdin(world, api, client):
    client()
    world.human_login(api)
    said = [json.dumps({"type": "user", "message": {"role": "user", "content": text}})
            for text in ("say:one", [{"type": "text", "text": "say:two"}])]
    result = world.run("claude", "-p", "--input-format", "stream-json", "--output-format", "stream-json",
                       "--verbose", input="\n".join(said) + "\n")
    assert [e["result"] for e in lines(result) if e["type"] == "result"] == ["one", "two"]


# -- directives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("prompt, out, status", [
    ("reply with single word ok", "ok\n", 0),
    ("say:Not logged in · Please run /login", "Not logged in · Please run /login\n", 0),
    ("what is this", "You said: what is this\n", 0),
    ("exit:3", "", 3),
    ("exit:4:bye", "bye", 4),
    ("signal:15:bye", "bye", -15),
    ("signal:9", "", -9),
    ("tool:x", "done\n", 0),
    ("sleep:0.01", "ok\n", 0),
    ("line-sleep:0.01:first", "first\nok\n", 0),
])
@pytest.mark.parametrize("way", ["argument", "stdin", "environment"])
def test_directive(world, client, way, prompt, out, status):
    world.install_client()
    world.write_login()
    if way == "argument":
        result = world.run("claude", "-p", prompt)
    elif way == "stdin":
        result = world.run("claude", "-p", input=prompt)
    else:
        result = world.run("claude", "-p", "ignored", env={"FAKE_CLAUDE_DO": prompt})
    assert (result.out, result.err, result.status) == (out, "", status)


def test_hash_of_stdin(world, client):
    world.install_client()
    world.write_login()
    data = os.urandom(300_000)
    result = world.run("claude", "-p", "stdin?", input=data)
    assert result.out == f"{hashlib.sha256(data).hexdigest()} 300000\n"


def test_much_output(world, client):
    world.install_client()
    world.write_login()
    result = world.run("claude", "-p", "mib:3")
    assert len(result.out) == 3 << 20
    assert result.out.splitlines()[-1] == f"{3 * 16384 - 1:063d}"


def test_report(world, client):
    world.install_client()
    world.write_login()
    report = world.run("claude", "-p", "report", env={"MARK": "1"}).json
    assert report["argv"][1:] == ["-p", "report"]
    assert report["env"]["MARK"] == "1"
    assert sorted(report["fds"]) == ["0", "1", "2"]


def test_record(world, client):
    world.install_client()
    world.write_login(access="sk-ant-oat01-TEST-1")
    world.run("claude", "-p", "ok")
    world.run("claude", "--version")
    first, second = world.client_runs()
    assert first["argv"] == ["-p", "ok"]
    assert first["login"] == hashlib.sha256(b"sk-ant-oat01-TEST-1").hexdigest()[:8]
    assert second["argv"] == ["--version"]


# -- where the credential comes from -------------------------------------------------------------


@pytest.mark.parametrize("variables, helper, source", [
    ({}, None, "login"),
    ({"CLAUDE_CODE_OAUTH_TOKEN": "t"}, None, "oauth-env"),
    ({"CLAUDE_CODE_OAUTH_TOKEN": "t"}, "echo key", "helper"),
    ({"CLAUDE_CODE_OAUTH_TOKEN": "t", "ANTHROPIC_API_KEY": "k"}, "echo key", "api-key"),
    ({"ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t"}, "echo key", "auth-token"),
    ({"ANTHROPIC_AUTH_TOKEN": "t", "CLAUDE_CODE_USE_BEDROCK": "1"}, None, "cloud"),
])
def test_precedence(world, api, client, variables, helper, source):
    client()
    world.human_login(api)
    if helper:
        (world.home / ".claude" / "settings.json").write_text(json.dumps({"apiKeyHelper": helper}))
    world.run("claude", "-p", "ok", env=variables)
    assert world.client_runs()[0]["source"] == source


def test_allowed_key_works_without_a_login(world, api, client):
    client()
    api.allow("sk-ant-api03-TEST-1")
    world.env["ANTHROPIC_API_KEY"] = "sk-ant-api03-TEST-1"
    assert world.run("claude", "-p", "ok").out == "ok\n"


def test_config_folder_moves_the_login(world, api, client):
    client()
    world.human_login(api)
    moved = world.home / "elsewhere"
    world.login_path.parent.rename(moved)
    assert world.run("claude", "-p", "ok").status == 1
    assert world.run("claude", "-p", "ok", env={"CLAUDE_CONFIG_DIR": str(moved)}).out == "ok\n"


# -- refreshing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("minutes, refreshes", [(6, 0), (4, 1), (-60, 1)])
@pytest.mark.parametrize("argv", [("-p", "ok"), ("mcp", "list")], ids=["run", "mcp"])
def test_refresh_threshold(world, api, client, version, minutes, refreshes, argv):
    client(version)
    before = world.human_login(api, lifetime=minutes * 60)
    assert world.run("claude", *argv).status == 0
    after = world.read_login()["claudeAiOauth"]
    assert api.counts()["refreshes"] == refreshes
    assert (after["accessToken"] != before["accessToken"]) == bool(refreshes)
    assert after["refreshTokenExpiresAt"] == before["refreshTokenExpiresAt"]


def test_refresh_keeps_the_file_and_drops_unknown_keys(world, api, client):
    client()
    oauth = {**world.human_login(api, lifetime=60), "unknown": 1}
    world.write_login({"mcpOAuth": {"a": "x" * 300_000}, "claudeAiOauth": oauth})
    assert world.run("claude", "-p", "ok").out == "ok\n"
    after = world.read_login()
    assert after["mcpOAuth"] == {"a": "x" * 300_000}
    assert "unknown" not in after["claudeAiOauth"]
    assert world.login_mode() == "0o600"
    assert [p.name for p in world.login_path.parent.iterdir()] == [".credentials.json"]


def test_refresh_token_works_once(machines, api):
    """Two machines with the same login: the second one's refresh is refused."""
    one, two = machines("one", "two")
    for machine in (one, two):
        machine.install_client(api, retry_pause=0.01)
    one.human_login(api, lifetime=60)
    api.set(refresh_revokes=True)
    two.write_login(one.read_login())
    assert one.run("claude", "-p", "ok").out == "ok\n"
    assert two.run("claude", "-p", "ok").out == EXPIRED + "\n"
    assert two.read_login()["claudeAiOauth"]["accessToken"] == ""
    assert api.counts()["refreshes"] == 1
    assert len(api.live()) == 1


@pytest.mark.parametrize("version, blanks", [("2.1.0", False), ("2.1.100", False), ("2.1.200", True),
                                             ("2.1.300", True)])
def test_refused_refresh(world, api, client, version, blanks):
    client(version)
    oauth = world.human_login(api, lifetime=-1)
    api.set(refuse_refreshes=True)
    world.write_login({"mcpOAuth": {"a": 1}, "claudeAiOauth": oauth})
    assert world.run("claude", "-p", "ok").status == 1
    stub = {**oauth, "accessToken": "", "refreshToken": "", "expiresAt": 0}
    assert world.read_login() == {"mcpOAuth": {"a": 1}, "claudeAiOauth": stub if blanks else oauth}


def test_deadline_ends_refreshing(world, api, client):
    client()
    world.human_login(api, lifetime=-1, deadline_in=-1)
    assert world.run("claude", "-p", "ok").out == EXPIRED + "\n"
    assert api.counts()["refused"] == 1


@pytest.mark.parametrize("version, refused", [("2.1.100", 0), ("2.1.200", 1), ("2.1.300", 1)])
def test_auth_status_spends_the_refresh_token(world, api, client, version, refused):
    client(version)
    world.human_login(api)
    before = world.login_path.read_bytes()
    world.run("claude", "auth", "status")
    assert world.login_path.read_bytes() == before
    login = world.read_login()
    login["claudeAiOauth"]["expiresAt"] = 1
    world.write_login(login)
    world.run("claude", "-p", "ok")
    assert api.counts()["refused"] == refused


# -- writing -------------------------------------------------------------------------------------


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
    return found


@pytest.mark.parametrize("version, renames", [("2.1.0", False), ("2.1.100", False), ("2.1.200", True),
                                              ("2.1.300", True)])
def test_rename_or_in_place(world, api, client, version, renames):
    client(version)
    world.human_login(api, lifetime=60)
    inode = world.login_path.stat().st_ino
    assert world.run("claude", "-p", "ok").out == "ok\n"
    assert (world.login_path.stat().st_ino != inode) == renames


@pytest.mark.parametrize("version, replaced", [("2.1.100", False), ("2.1.300", True)])
def test_symlink_is_replaced_by_a_rename(world, api, client, version, replaced):
    client(version)
    world.human_login(api, lifetime=60)
    world.login_path.rename(world.home / "real.json")
    world.login_path.symlink_to(world.home / "real.json")
    assert world.run("claude", "-p", "ok").out == "ok\n"
    assert world.login_path.is_symlink() != replaced


def test_in_place_is_seen_empty_and_torn(world, api, client):
    client("2.1.100", write_pause=0.2)
    world.human_login(api, lifetime=60)
    full = world.login_path.stat().st_size
    process = world.start("claude", "-p", "ok")
    wait_for(lambda: world.login_path.stat().st_size == 0)
    wait_for(lambda: 0 < world.login_path.stat().st_size < full - 10)
    assert process.communicate()[0] == b"ok\n"
    assert world.access_token() in api.live()


def test_temporary_name(world, api, client):
    client(write_pause=0.3)
    world.human_login(api, lifetime=60)
    process = world.start("claude", "-p", "ok")
    names = wait_for(lambda: [p.name for p in world.login_path.parent.glob("*.tmp.*")])
    assert re.fullmatch(r"\.credentials\.json\.tmp\.[0-9a-f]{8}", names[0])
    assert (world.login_path.parent / ".storage-write.lock").is_dir()
    process.communicate()


# -- locks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version, names", [
    ("2.1.200", [".claude.lock"]), ("2.1.300", [".claude/.oauth_refresh.lock", ".claude.lock"])])
def test_locks_are_held_while_refreshing(world, api, client, version, names):
    client(version, refresh_pause=0.3)
    world.human_login(api, lifetime=60)
    process = world.start("claude", "-p", "ok")
    wait_for(lambda: (world.home / ".claude.lock").is_dir())
    both = (".claude/.oauth_refresh.lock", ".claude.lock")
    assert [n for n in both if (world.home / n).is_dir()] == names
    process.communicate()
    assert not [n for n in names if (world.home / n).exists()]


def test_order_of_locks(world, api, client):
    """It waits for ~/.claude.lock with .oauth_refresh.lock already its own."""
    client(lock_wait=5)
    world.human_login(api, lifetime=60)
    outer, inner = world.home / ".claude.lock", world.home / ".claude" / ".oauth_refresh.lock"
    outer.mkdir()
    process = world.start("claude", "-p", "ok")
    wait_for(inner.is_dir)
    assert api.counts()["refreshes"] == 0
    outer.rmdir()
    assert process.communicate()[0] == b"ok\n"
    assert api.counts()["refreshes"] == 1


@pytest.mark.parametrize("name", [".claude.lock", ".claude/.oauth_refresh.lock"])
@pytest.mark.parametrize("age, out", [(0, BUSY), (8, BUSY), (11, "ok")])
def test_stale_lock_is_taken_over(world, api, client, name, age, out):
    client(lock_wait=0.2)
    world.human_login(api, lifetime=60)
    (world.home / name).mkdir()
    os.utime(world.home / name, (time.time() - age,) * 2)
    assert world.run("claude", "-p", "ok").out == out + "\n"


def test_lock_that_gets_stale_meanwhile(world, api, client):
    """2.1.200 goes on with the old token, and refreshes after the 401 that earns."""
    client("2.1.200", lock_wait=0.1, lock_stale=2, retry_pause=2)
    world.human_login(api, lifetime=-1)
    (world.home / ".claude.lock").mkdir()
    result = world.run("claude", "-p", "--output-format", "stream-json", "--verbose", "ok")
    assert shape(lines(result)) == [INIT, RETRY, OK, LIMITS, RESULT]


def test_lock_is_touched(world, api, client):
    client(refresh_pause=1.2)
    world.human_login(api, lifetime=60)
    process = world.start("claude", "-p", "ok")
    lock = world.home / ".claude.lock"
    wait_for(lock.is_dir)
    first = lock.stat().st_mtime
    wait_for(lambda: lock.stat().st_mtime > first)
    process.communicate()


def test_file_is_read_again_under_the_lock(world, api, client):
    """Two clients at once: one refresh."""
    client(refresh_pause=0.3)
    world.human_login(api, lifetime=60)
    both = [world.start("claude", "-p", "ok") for _ in range(2)]
    assert [p.communicate()[0] for p in both] == [b"ok\n", b"ok\n"]
    assert api.counts() == {"requests": 2, "unauthorized": 0, "refreshes": 1, "refused": 0}


# -- 401 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version, heals", [("2.1.0", False), ("2.1.100", False), ("2.1.200", True),
                                            ("2.1.300", True)])
def test_login_replaced_meanwhile(world, api, client, version, heals):
    client(version, retry_pause=0.3)
    stale(world, api)
    process = world.start("claude", "-p", "ok")
    wait_for(lambda: api.counts()["unauthorized"])
    world.human_login(api)
    assert (process.communicate()[0] == b"ok\n") == heals


@pytest.mark.parametrize("version, requests", [("2.1.0", 1), ("2.1.100", 1), ("2.1.200", 3),
                                               ("2.1.300", 3)])
def test_attempts_after_a_401(world, api, client, version, requests):
    client(version)
    stale(world, api)
    assert world.run("claude", "-p", "ok").status == 1
    assert api.counts()["requests"] == requests


def test_old_version_retries_when_the_server_allows_it(world, api, client):
    client("2.1.100")
    api.set(should_retry=True)
    stale(world, api)
    assert world.run("claude", "-p", "ok").status == 1
    assert api.counts()["requests"] == 11


@pytest.mark.parametrize("version, out", [
    ("2.1.100", unauthorized(CREDENTIALS, RAW_CREDENTIALS)[1]), ("2.1.200", "ok"), ("2.1.300", "ok")])
def test_refresh_after_a_401(world, api, client, version, out):
    client(version)
    api.revoke(world.human_login(api)["accessToken"])
    assert world.run("claude", "-p", "ok").out == out + "\n"
    assert api.counts()["refreshes"] == (1 if out == "ok" else 0)


def test_recovered_run_says_so_in_the_stream(world, api, client):
    client()
    api.revoke(world.human_login(api)["accessToken"])
    result = world.run("claude", "-p", "--output-format", "stream-json", "--verbose", "ok")
    assert shape(lines(result)) == [INIT, RETRY, OK, LIMITS, RESULT]
    assert lines(result)[1]["error"] == "authentication_failed"
    assert result.status == 0


# -- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv, err", [
    (("-p", "--output-format", "stream-json", "ok"),
     "Error: When using --print, --output-format=stream-json requires --verbose\n"),
    (("-p",), "Error: Input must be provided either through stdin or as a prompt argument when using "
              "--print\n"),
])
def test_usage(world, argv, err):
    world.install_client()
    result = world.run("claude", *argv)
    assert (result.out, result.err, result.status) == ("", err, 1)


def test_version(world):
    world.install_client(version="2.1.200")
    assert world.run("claude", "--version").out == "2.1.200 (Claude Code)\n"


def test_only_loopback(world):
    world.install_client()
    world.write_login()
    result = world.run("claude", "-p", "ok", env={"ANTHROPIC_BASE_URL": "http://192.0.2.1"})
    assert result.status == 97
    assert result.err == "claude stand-in: http://192.0.2.1/v1/messages is not on loopback\n"


def test_refused_refresh_after_a_401(world, api, client):
    client()
    api.end(world.human_login(api)["accessToken"])
    assert world.run("claude", "-p", "ok").out == EXPIRED + "\n"
    assert world.access_token() == ""


def test_slow_server(world, api, client):
    client()
    world.human_login(api)
    api.set(latency=2.3)
    assert world.run("claude", "-p", "ok").out == "ok\n"


def test_many_at_once(world, api, client):
    client()
    world.human_login(api)
    crowd = [world.start("claude", "-p", "ok") for _ in range(60)]
    assert {p.communicate()[0] for p in crowd} == {b"ok\n"}
    assert api.counts()["requests"] == 60
    assert len({r["pid"] for r in world.client_runs()}) == 60


def test_a_run_is_quick(world, api, client):
    client()
    world.human_login(api)

    def processor_time():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert world.run("claude", "-p", "ok").seconds < 30
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(processor_time() for _ in range(5)) < 1  # how long it takes is for others to say, too
