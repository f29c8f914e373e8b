"""alert-webhook, alert-mail through Resend's API, and alert-command: what arrives in which form, and
what becomes of each refusal."""
import json
import os
import re
import time

import pytest

from harness.channel import MESSAGE, Channel, outcome
from harness.rights import obey_permissions

KEY = "re_TEST_0123456789abcdef"
AGAIN = "messages about trouble are sent again by themselves, a test is not: credrelay alert test"


def taken(server):
    """[(path, headers, document)] of the requests that came."""
    requests = []
    for raw in server.requests:
        head, body = raw.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        method, path, _ = first.split(" ")
        assert (method, headers["content-type"]) == ("POST", "application/json")
        requests.append((path, headers, json.loads(body)))
    return requests


@pytest.fixture
def webhook(world, fault_server):
    """webhook(path, way=..., **settings) -> the channel and its server."""
    def make(path="/hook", way="answer", server=None, **settings):
        server = server or fault_server(way, status=settings.pop("status", "200 OK"),
                                        body=settings.pop("body", b"ok"),
                                        headers=settings.pop("headers", []))
        return Channel(world, "webhook", webhook=server.url + path, **settings), server
    return make


@pytest.fixture
def resend(world, fault_server):
    def make(**answer):
        server = fault_server("answer", **{"body": b'{"id":"49a3999c"}', **answer})
        c = Channel(world, "mail", mail="me@example.org, you@example.org",
                    mail_from="credrelay@example.org", resend_url=server.url + "/emails")
        c.options["resend-key-file"] = str(c.secret("key", KEY + "\n"))
        return c, server
    return make


# -- what arrives ----------------------------------------------------------------------------------


def test_json(webhook):
    c, server = webhook()
    assert c.call() == {"ok": True}
    (path, headers, document), = taken(server)
    assert (path, document) == ("/hook", {**MESSAGE, "credrelay": 1})
    assert "authorization" not in headers


def test_slack(webhook):
    c, server = webhook("/services/T0/B0/XXX", webhook_format="slack")
    assert c.call(subject="a & <b>", text="x > y\n") == {"ok": True}
    (path, _, document), = taken(server)
    assert (path, document) == ("/services/T0/B0/XXX",
                                {"text": "*a &amp; &lt;b&gt;*\n```\nx &gt; y\n```"})


@pytest.mark.parametrize("kind, priority", [("opened", 5), ("still", 4), ("deadline", 4), ("over", 3),
                                            ("test", 3)])
def test_ntfy(webhook, kind, priority):
    c, server = webhook("/my-topic", webhook_format="ntfy")
    assert c.call(kind=kind, subject="läuft ab") == {"ok": True}
    (path, _, document), = taken(server)
    assert (path, document) == ("/", {"topic": "my-topic", "title": "läuft ab",
                                      "message": MESSAGE["text"], "priority": priority})


def test_a_secret_url_and_a_token_from_files(webhook):
    c, server = webhook()
    c.options["webhook-file"] = str(c.secret("hook", c.options.pop("webhook") + "\n"))
    c.options["webhook-token-command"] = "echo tk_TEST; echo >&2 noise"
    assert c.call() == {"ok": True}
    (path, headers, _), = taken(server)
    assert (path, headers["authorization"]) == ("/hook", "Bearer tk_TEST")


def test_resend(resend):
    c, server = resend()
    assert c.call() == {"ok": True}
    (path, headers, document), = taken(server)
    assert path == "/emails"
    assert (headers["authorization"], headers["idempotency-key"]) == (f"Bearer {KEY}", MESSAGE["id"])
    assert document == {"from": "credrelay@example.org", "to": ["me@example.org", "you@example.org"],
                        "subject": MESSAGE["subject"], "text": MESSAGE["text"]}


def test_over_tls(world, fault_server, certificates, webhook):
    server = fault_server("answer", tls=certificates.good)
    c, _ = webhook(server=server, ca_file=certificates.authority)
    assert c.call() == {"ok": True}
    assert len(server.requests) == 1


@pytest.mark.parametrize("make", ["webhook", "resend"])
def test_a_check_sends_nothing(request, make):
    c, server = request.getfixturevalue(make)()
    assert c.call("check") == {"ok": True}
    assert server.requests == []


def test_a_command(world):
    c = Channel(world, "command", command='cat >"$HOME/said"; env >"$HOME/env"; echo out; echo err >&2')
    assert c.call() == {"ok": True}
    assert (world.home / "said").read_text() == f"{MESSAGE['subject']}\n\n{MESSAGE['text']}"
    assert MESSAGE["why"] not in (world.home / "env").read_text()


def test_a_command_that_does_not_read(world):
    c = Channel(world, "command", command="exec true")
    assert c.call(text="x" * 16000 + "\n") == {"ok": True}


CHECKED = {"x" * 4095: False, "x" * 4096: True, " ": True, "-v nosuch-program": True, "\tnosuch-program x": False}


@pytest.mark.parametrize("command", CHECKED, ids=lambda text: f"{text[:8]!r} of {len(text)}")
def test_a_check_looks_for_a_plain_word(world, command):
    """What is none, and what no path is as long as, is left to the shell."""
    answer = Channel(world, "command", command=command).call("check")
    assert answer == {"ok": True} if CHECKED[command] else outcome(answer)[0] == "not_found", answer


# -- what is refused -------------------------------------------------------------------------------

FIX = "check webhook and webhook-format in [alert], and try: credrelay alert test"
STATUSES = {  # status, body, headers: error, message, hint, retry_after_ms
    "429, and when": ("429 Too Many Requests", b"", ["Retry-After: 7"], "throttled",
                      "HOST wants us to wait (status 429)", AGAIN, 7000),
    "429": ("429 Too Many Requests", b"rate_limited", [], "throttled",
            "HOST wants us to wait (status 429): rate_limited", AGAIN, None),
    "429 until a date": ("429 Too Many Requests", b"", ["Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"],
                         "throttled", "HOST wants us to wait (status 429)", AGAIN, None),
    "500": ("500 Internal Server Error", b"<html>oops</html>", [], "unreachable",
            "HOST is out of order (status 500)", AGAIN, None),
    "503, and when": ("503 Service Unavailable", b"", ["Retry-After: 60"], "unreachable",
                      "HOST is out of order (status 503)", AGAIN, 60000),
    "400": ("400 Bad Request", b"invalid_payload", [], "invalid",
            "HOST refused the message (status 400): invalid_payload", FIX, None),
    "401": ("401 Unauthorized", b'{"message":"API key is invalid"}', [], "bad_credentials",
            "HOST does not know us (status 401): API key is invalid", FIX, None),
    "403": ("403 Forbidden", b'{"error":"invalid_token"}', [], "denied",
            "HOST does not let us (status 403): invalid_token", FIX, None),
    "404": ("404 Not Found", b"no_service", [], "not_found",
            "HOST has nobody there who takes messages (status 404): no_service", FIX, None),
    "410": ("410 Gone", b"channel_is_archived", [], "not_found",
            "HOST takes no messages there any more (status 410): channel_is_archived", FIX, None),
    "413": ("413 Payload Too Large", b"", [], "too_large",
            "HOST finds the message too large (status 413)", FIX, None),
    "a redirect": ("302 Found", b"", ["Location: http://127.0.0.1:1/"], "invalid",
                   "HOST refused the message (status 302)", FIX, None),
}


@pytest.mark.parametrize("status, body, headers, error, message, hint, after", STATUSES.values(), ids=STATUSES)
def test_a_webhook_refuses(webhook, status, body, headers, error, message, hint, after):
    c, server = webhook(status=status, body=body, headers=headers)
    answer = c.call()
    host = server.url.removeprefix("http://")
    assert outcome(answer) == (error, message.replace("HOST", host), hint)
    assert answer.get("retry_after_ms") == after
    assert len(server.requests) == 1


def test_resend_refuses(resend):
    c, server = resend(status="401 Unauthorized", body=b'{"statusCode":401,"message":"API key is invalid"}')
    assert outcome(c.call()) == (
        "bad_credentials", f"127.0.0.1:{server.port} does not know us (status 401): API key is invalid",
        "check the key and mail-from: resend.com/api-keys, /domains")
    c, server = resend(status="429 Too Many Requests", headers=["Retry-After: 1"])
    assert c.call()["retry_after_ms"] == 1000
    c, server = resend(status="500 Internal Server Error")
    assert outcome(c.call())[0] == "unreachable"


def test_a_server_that_repeats_secrets_is_not_quoted(webhook, resend):
    for path, said, quoted in (
            ("/services/T0/B0/SECRET", b"no such: services/T0/B0/SECRET", False),
            ("/services/T0/B0/SECRET", b"no such: SECRET", False),
            ("/webhooks/SECRET-SECRET/slack", b"no such: SECRET-SECRET", False),
            ("/hook?key=SECRET-SECRET&x=1", b"no such: SECRET-SECRET", False),
            ("/services/T0/B0/SECRET", b"no such: B0", True), ("/", b"no such", True), ("", b"no such", True)):
        c, _ = webhook(path, status="400 Bad Request", body=said)
        assert outcome(c.call())[1].endswith(f"(status 400): {said.decode()}" if quoted else "(status 400)"), said
    c, _ = resend(status="403 Forbidden", body=b'{"message":"testing emails go to yourself only"}')
    assert outcome(c.call())[1].endswith("(status 403): testing emails go to yourself only")
    c, _ = resend(status="401 Unauthorized", body=json.dumps({"message": f"bad key {KEY}"}).encode())
    assert outcome(c.call())[1].endswith("(status 401)")


SILENT = "check the network and the proxy variables"
WAYS = {  # the server's way: message, hint
    "refused": ("cannot connect to HOST: Connection refused", "check the network, the proxy variables and the URL"),
    "silent": ("no answer from HOST", SILENT),
    "slow_headers": ("no answer from HOST", SILENT),
    "empty": ("HOST closed the connection before it had answered", ""),
    "reset": ("HOST closed the connection before it had answered", ""),
    "not_http": ("no HTTP answer from HOST: Unsupported protocol", "check the URL and the proxy variables"),
    "large": ("HOST answered with more than 1048576 bytes", "check the URL: this is no answer of a webhook's"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_webhook_that_misbehaves(webhook, way):
    c, server = webhook(way=way)
    message, hint = WAYS[way]
    began = time.monotonic()
    error, said, advice = outcome(c.call(seconds=2 if message.startswith("no answer") else 60))
    assert (said, advice) == (message.replace("HOST", server.url.removeprefix("http://")), hint)
    assert error == ("failed" if way == "large" else "unreachable")
    assert time.monotonic() - began < 20


CERTIFICATES = {
    ("good", False): ("is not trusted (SSL certificate problem: unable to get local issuer certificate)",
                      "if it has a certificate of your own, name its authority's file: ca-file in [alert]"),
    ("expired", True): ("has expired", "check this machine's clock: date -u"),
    ("other_name", True): ("is for another name", "check the URL, and whether a proxy answers in its place"),
}


@pytest.mark.parametrize("which, trusted", CERTIFICATES, ids=[c[0] for c in CERTIFICATES])
def test_a_certificate_that_is_no_good(webhook, fault_server, certificates, which, trusted):
    server = fault_server("answer", tls=getattr(certificates, which))
    c, _ = webhook(server=server, **({"ca_file": certificates.authority} if trusted else {}))
    message, hint = CERTIFICATES[which, trusted]
    assert outcome(c.call()) == ("unreachable", f"the TLS certificate of 127.0.0.1:{server.port} {message}", hint)
    assert server.requests == []


COMMANDS = {  # the command: message, hint
    "exit 3": ("the command failed (exit status 3)", "run it by hand to see what it says"),
    "kill -9 $$": ("the command was killed", "run it by hand to see what it says"),
    "exec sleep 60": ("the command did not end in time", "run it by hand to see what it says"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_fails(world, command):
    c = Channel(world, "command", command=command)
    assert outcome(c.call(seconds=1 if "sleep" in command else 60)) == ("failed", *COMMANDS[command])


# -- secrets and settings --------------------------------------------------------------------------


def mode(channel, name, mode):
    path = channel.secret(name, "x", mode)
    return path, f"{path} is open to others (mode {mode:04o})", \
        f"close it, and change the secret if it may have been read: chmod 600 '{path}'"


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_file_that_is_open_to_others(webhook, bits):
    c, server = webhook()
    path, message, hint = mode(c, "token", bits)
    c.options["webhook-token-file"] = str(path)
    for op in ("check", "send"):
        assert outcome(c.call(op)) == ("denied", message, hint)
    assert server.requests == []


def test_files_and_commands_that_are_no_good(world, webhook):
    c, server = webhook()
    missing = world.home / "missing"

    def token(preexec_fn=None, **settings):
        c.options = {k: v for k, v in c.options.items() if "token" not in k}
        c.options.update({k.replace("_", "-"): str(v) for k, v in settings.items()})
        return outcome(c.call(preexec_fn=preexec_fn))

    assert token(webhook_token_file=missing) == (
        "not_found", f"cannot open {missing}: No such file or directory",
        f"write the secret into it: (umask 077; cat >'{missing}')")
    closed = c.secret("closed", "tk_TEST", 0)
    assert token(webhook_token_file=closed, preexec_fn=obey_permissions) == (
        "denied", f"cannot open {closed}: Permission denied",
        f"it must be yours, and open to you: ls -ld '{closed}'")
    if os.geteuid() == 0:  # then somebody else's can be made
        closed.chmod(0o600)
        os.chown(closed, 65534, -1)
        assert token(webhook_token_file=closed) == (
            "denied", f"{closed} belongs to user 65534 and this is user 0",
            f"take it over: sudo chown 0 '{closed}'")
    assert token(webhook_token_file=world.home) == (
        "invalid", f"{world.home} is not a file", "name a file whose first line is the secret")
    assert token(webhook_token_file=c.secret("empty", "\nx\n")) == (
        "invalid", "the first line of webhook-token-file is empty", "it must be the secret, and nothing else")
    assert token(webhook_token_command="exit 4") == (
        "failed", "webhook-token-command failed (exit status 4)", "run it by hand to see what it says")
    assert token(webhook_token_command="yes") == (
        "failed", "webhook-token-command printed more than 4096 bytes", "run it by hand to see what it says")
    assert server.requests == []


def test_a_file_below_the_home(world, webhook):
    c, server = webhook()
    c.secret("token", "tk_TEST")
    c.options["webhook-token-file"] = "~/token"
    assert c.call() == {"ok": True}
    assert taken(server)[0][1]["authorization"] == "Bearer tk_TEST"


def test_what_a_secret_file_must_not_hold(world, webhook):
    c, _ = webhook()
    del c.options["webhook"]
    c.options["webhook-file"] = str(c.secret("hook", "file:///etc/passwd"))
    assert outcome(c.call()) == ("invalid", "the webhook is no URL of http or https",
                                 "its file must hold the URL alone, as in https://hooks.example.org/x")
    c.options.update({"webhook-file": str(c.secret("hook", "https://ntfy.sh/")), "webhook-format": "ntfy"})
    assert outcome(c.call()) == ("invalid", "the webhook's URL names no topic of ntfy's",
                                 "it is like https://ntfy.sh/TOPIC")


@pytest.mark.parametrize("host", ["example.org", "127.example.org", "localhost.example.org",
                                  "127.0.0.1@example.org", "127.0.0.1.example.org"])
def test_a_token_is_not_sent_in_the_clear(world, webhook, host):
    c, _ = webhook()
    del c.options["webhook"]
    c.options["webhook-file"] = str(c.secret("hook", f"http://{host}/x"))
    c.options["webhook-token-file"] = str(c.secret("token", "tk_TEST"))
    assert outcome(c.call("check")) == (
        "denied", "a token is not sent over http, where everybody on the way reads it",
        "give the webhook as https://...")


def test_no_error_names_the_url(world, fault_server):
    """It may be all that it takes to post there."""
    for way in ("refused", "silent", "empty", "not_http"):
        server = fault_server(way)
        c = Channel(world, "webhook")
        c.options["webhook-file"] = str(c.secret("hook", f"{server.url}/services/SECRET"))
        assert "SECRET" not in json.dumps(c.call(seconds=1))


TOO_LARGE = {  # the channel: its options, the text, the message
    "a URL": ("webhook", {"webhook": "http://127.0.0.1:9/" + "x" * 4096}, "x", "the URL is larger than 4096 bytes"),
    "a text for a webhook": ("webhook", {"webhook": "http://127.0.0.1:9/x"}, "x" * 140_000,
                             "the message is larger than 131072 bytes"),
    "a text for Slack": ("webhook", {"webhook": "http://127.0.0.1:9/x", "webhook-format": "slack"}, "&" * 30_000,
                         "the message is larger than 131072 bytes"),
    "a text for a command": ("command", {"command": "touch \"$HOME/ran\""}, "x" * 140_000,
                             "the message is larger than 131072 bytes"),
}


@pytest.mark.parametrize("name, options, text, message", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_not_sent(world, name, options, text, message):
    c = Channel(world, name)
    c.options.update(options)
    error, said, _ = outcome(c.call(text=text))
    assert (error, said) == ("too_large", message)
    assert not (world.home / "ran").exists()


@pytest.mark.parametrize("name", ["mail", "webhook", "command"])
@pytest.mark.parametrize("request_line, error", [
    ("", "invalid"), ("{", "invalid"), ("[]", "unsupported"), ('{"credrelay":2,"op":"send"}', "unsupported"),
    ('{"credrelay":1}', "unsupported"), ('{"credrelay":1,"op":"sing"}', "unsupported"),
    ('{"credrelay":1,"op":"send","message":{}}', "invalid")])
def test_requests_that_are_none(world, name, request_line, error):
    from harness.world import LIBEXEC
    result = world.run(LIBEXEC / f"alert-{name}", input=request_line + "\n")
    assert (result.status, result.err) == (0, "")
    assert outcome(result.json)[0] == error
    assert re.search(r"\w", result.json["message"])
