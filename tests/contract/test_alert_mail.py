"""alert-mail against a real mail server and Resend's API in its own words: what arrives, and what
becomes of each refusal."""
import base64
import json
import time

import pytest

from harness.channel import MESSAGE, Channel, outcome

# aiosmtpd does not see the TLS around it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")

PASSWORD = "correct horse battery"
USER = ("ops@example.org", PASSWORD)


@pytest.fixture
def channel(world, certificates):
    """channel(server, **settings): told by mail through SERVER, whose certificate is trusted."""
    def make(server, **settings):
        return Channel(world, "mail", mail="me@example.org", smtp=server.url,
                       ca_file=certificates.authority, **settings)
    return make


def logging_in(channel, server, password=PASSWORD, **settings):
    c = channel(server, smtp_user=USER[0], **settings)
    c.options["smtp-password-file"] = str(c.secret("password", password + "\n"))
    return c


# -- SMTP: what arrives ----------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_it_arrives_over_tls_and_logged_in(mail_server, channel, tls):
    server = mail_server(tls=tls, user=USER)
    assert logging_in(channel, server).call() == {"ok": True}
    mail, = server.mails
    assert (mail["from"], mail["to"], mail["tls"]) == (USER[0], ["me@example.org"], True)
    assert (mail["subject"], mail["text"]) == (MESSAGE["subject"], MESSAGE["text"])
    assert mail["id"] == "<00112233aabbccdd@example.org>"
    assert mail["mail"]["date"] == "Tue, 24 Nov 2026 06:13:32 +0000"
    assert mail["mail"]["auto-submitted"] == "auto-generated"
    assert server.handler.logins and server.handler.logins[0][1:] == USER


def test_a_server_on_this_machine_needs_neither(mail_server, channel):
    server = mail_server()
    assert channel(server).call() == {"ok": True}
    mail, = server.mails
    assert (mail["from"], mail["to"], mail["tls"]) == ("me@example.org", ["me@example.org"], False)


def test_several_are_told_and_one_that_is_gone_silences_nobody(mail_server, channel):
    server = mail_server(answers={"RCPT gone@example.org": "550 5.1.1 no such user"})
    c = channel(server, mail_from="credrelay@example.org")
    c.options["mail"] = "a@example.org, gone@example.org,b@example.org"
    assert c.call() == {"ok": True}
    mail, = server.mails
    assert (mail["from"], mail["to"]) == ("credrelay@example.org", ["a@example.org", "b@example.org"])
    assert mail["mail"]["to"] == "a@example.org, gone@example.org, b@example.org"


WORDS = {
    "other letters": ("läuft ab · 令牌 🔑 " * 8, "Zeile 1 · ü\n  令牌\n"),
    "headers in a subject": ("a\r\nBcc: evil@example.org\r\n\r\nbody", "x\n"),
    "the end of a mail in a text": ("s", "a\n.\nQUIT\n.\r\nMAIL FROM:<x@y>\n..\n"),
    "long lines": ("x" * 2000, "y" * 5000 + "\n"),
    "spaces at ends": ("  s ", "a \nb\t\n\n \n"),
}


@pytest.mark.parametrize("subject, text", WORDS.values(), ids=WORDS)
def test_words_arrive_as_they_were(mail_server, channel, subject, text):
    server = mail_server()
    assert channel(server).call(subject=subject, text=text) == {"ok": True}
    mail, = server.mails
    assert mail["mail"].keys() == ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted",
                                   "MIME-Version", "Content-Type", "Content-Transfer-Encoding", *[
                                       k for k in mail["mail"].keys() if k.startswith("X-")]]
    assert mail["to"] == ["me@example.org"]
    assert " ".join(mail["subject"].split()) == " ".join(subject.split())
    assert mail["text"].replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert max(map(len, mail["raw"].split(b"\r\n"))) <= 76


def test_a_password_from_a_command(mail_server, channel):
    server = mail_server(tls="starttls", user=USER)
    c = channel(server, smtp_user=USER[0], smtp_password_command=f"echo '{PASSWORD}'; echo more")
    assert c.call() == {"ok": True}
    assert len(server.mails) == 1


def test_a_check_logs_in_and_sends_nothing(mail_server, channel):
    server = mail_server(tls="starttls", user=USER)
    assert logging_in(channel, server).call("check") == {"ok": True}
    assert server.handler.logins and not server.mails and "MAIL" not in server.handler.commands


# -- SMTP: what is refused -------------------------------------------------------------------------

AGAIN = "messages about trouble are sent again by themselves, a test is not: credrelay alert test"
ADDRESSES = "check mail, mail-from and smtp-user in [alert]"
REFUSALS = {  # the server's options: error, message, hint
    "the sender": ({"MAIL": "553 5.7.1 not your address"}, "denied",
                   "HOST does not take the mail: 553 5.7.1 not your address", ADDRESSES),
    "the recipient": ({"RCPT": "550 5.1.1 no such user"}, "denied",
                      "HOST does not take the mail: 550 5.1.1 no such user", ADDRESSES),
    "the text": ({"DATA": "554 5.7.1 it looks like spam"}, "denied",
                 "HOST does not take the mail: 554 5.7.1 it looks like spam", ADDRESSES),
    "a stranger for now": ({"RCPT": "451 4.7.1 greylisted, come back in 5 minutes"}, "busy",
                           "HOST puts us off: 451 4.7.1 greylisted, come back in 5 minutes", AGAIN),
    "everybody for now": ({"MAIL": "421 4.3.2 shutting down"}, "busy",
                          "HOST puts us off: 421 4.3.2 shutting down", AGAIN),
    "with a bell": ({"RCPT": "550 no\x07"}, "denied", "HOST does not take the mail: 550 no?", ADDRESSES),
}


@pytest.mark.parametrize("answers, error, message, hint", REFUSALS.values(), ids=REFUSALS)
def test_what_the_server_refuses(mail_server, channel, answers, error, message, hint):
    server = mail_server(answers=answers)
    host = server.url.removeprefix("smtp://")
    assert outcome(channel(server).call()) == (error, message.replace("HOST", host), hint)
    assert not server.mails


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_wrong_password(mail_server, channel, tls):
    server = mail_server(tls=tls, user=USER)
    error, message, hint = outcome(logging_in(channel, server, "wrong").call())
    assert error == "bad_credentials"
    assert message == f"127.0.0.1:{server.port} does not let {USER[0]} in: 535 5.7.8 Authentication credentials invalid"
    assert hint == "check smtp-user, and what smtp-password-file or -command gives"
    assert not server.mails


OTHER = "pässwort of mine"
REPEATED = {  # the password, what the server says of it
    "as it is": (PASSWORD, f"535 {PASSWORD}?"),
    "in other letters": (OTHER, f"535 {OTHER}?"),
    "where it is cut off": (PASSWORD, "535 " + "x" * 240 + PASSWORD),
    "as LOGIN sends it": (PASSWORD, f"535 {base64.b64encode(PASSWORD.encode()).decode()}: what is that?"),
    "as PLAIN sends it": (
        PASSWORD, f"535 {base64.b64encode(f'{chr(0)}{USER[0]}{chr(0)}{PASSWORD}'.encode()).decode()}: what is that?"),
}


@pytest.mark.parametrize("password, says", REPEATED.values(), ids=REPEATED)
def test_a_server_that_repeats_the_password(mail_server, channel, password, says):
    server = mail_server(tls="starttls", user=(USER[0], "another"), answers={"AUTH": says}, enable_SMTPUTF8=True)
    assert outcome(logging_in(channel, server, password).call()) == (
        "bad_credentials", f"127.0.0.1:{server.port} does not let {USER[0]} in",
        "check smtp-user, and what smtp-password-file or -command gives")
    assert server.handler.logins


def test_no_password_is_sent_without_tls(mail_server, channel):
    server = mail_server(user=USER)
    error, message, hint = outcome(logging_in(channel, server).call())
    assert (error, message) == ("unsupported", f"127.0.0.1:{server.port} does not offer STARTTLS")
    assert hint == "if it has TLS from the start: smtp = smtps://HOST:465"
    assert not server.handler.logins and not server.mails


def test_tls_where_there_is_none(mail_server, channel):
    server = mail_server()
    c = channel(server)
    c.options["smtp"] = server.url.replace("smtp:", "smtps:")
    error, message, hint = outcome(c.call())
    assert (error, message) == ("unreachable", f"127.0.0.1:{server.port} does not speak TLS there")
    assert hint == "smtps:// is TLS from the start (port 465), smtp:// is STARTTLS (port 587)"


CERTIFICATES = {  # which, whether our authority is trusted: message, hint
    ("good", False): ("is not trusted (SSL certificate problem: unable to get local issuer certificate)",
                      "if it has a certificate of your own, name its authority's file: ca-file in [alert]"),
    ("expired", True): ("has expired", "check this machine's clock: date -u"),
    ("other_name", True): ("is for another name", "name the server in smtp as its certificate does"),
}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("which, trusted", CERTIFICATES, ids=[c[0] for c in CERTIFICATES])
def test_a_certificate_that_is_no_good(mail_server, channel, certificates, which, trusted, tls):
    server = mail_server(tls=tls, certificate=getattr(certificates, which), user=USER)
    c = logging_in(channel, server)
    if not trusted:
        del c.options["ca-file"]
    message, hint = CERTIFICATES[which, trusted]
    assert outcome(c.call()) == ("unreachable", f"the TLS certificate of 127.0.0.1:{server.port} {message}", hint)
    assert not server.handler.logins and not server.mails


def test_nobody_listens(channel, fault_server):
    server = fault_server("refused")
    c = channel(server)
    c.options["smtp"] = f"smtp://127.0.0.1:{server.port}"
    assert outcome(c.call()) == (
        "unreachable", f"cannot connect to 127.0.0.1:{server.port}: Connection refused",
        "check the network, and smtp in [alert]: smtp://HOST:587 or smtps://HOST:465")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_says_nothing(channel, fault_server, scheme):
    server = fault_server("silent")
    c = channel(server)
    c.options["smtp"] = f"{scheme}://127.0.0.1:{server.port}"
    began = time.monotonic()
    error, message, hint = outcome(c.call(seconds=1))
    assert error == "unreachable"
    assert message in (f"no answer from 127.0.0.1:{server.port}", f"no connection to 127.0.0.1:{server.port}")
    assert hint == "check the network, and smtp in [alert]: is smtp:// right, or smtps://?"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_falls_silent(mail_server, channel, command):
    server = mail_server(answers={command: "hang"})
    error, message, _ = outcome(channel(server).call(seconds=3))  # enough to get so far
    assert (error, message) == ("unreachable", f"no answer from 127.0.0.1:{server.port}")


def test_a_server_that_does_not_say_goodbye(mail_server, channel):
    """It has taken the mail; that is what counts."""
    server = mail_server(answers={"QUIT": "hang"})
    assert channel(server).call(seconds=6) == {"ok": True}
    assert len(server.mails) == 1


# -- settings and messages that are no good --------------------------------------------------------

SECRET = ("not_found", "cannot open MISSING: No such file or directory",
          "write the secret into it: (umask 077; cat >'MISSING')")
NO_GOOD = {  # the options beside smtp, the text: error, message, hint
    "no address": ({"mail": " , "}, "x", "invalid", "mail has no address",
                   "write into [alert]: mail = you@example.com"),
    "a crowd": ({"mail": ",".join(f"{n}@example.org" for n in range(17))}, "x", "too_large",
                "mail has more than 16 addresses", "let it be one address, of a list"),
    "a password that is not there": ({"smtp-user": "me", "smtp-password-file": "MISSING"}, "x", *SECRET),
    "a password that a command does not give": (
        {"smtp-user": "me", "smtp-password-command": "exit 5"}, "x", "failed",
        "smtp-password-command failed (exit status 5)", "run it by hand to see what it says"),
    "a command that is killed": (
        {"smtp-user": "me", "smtp-password-command": "kill -9 $$"}, "x", "failed",
        "smtp-password-command was killed", "run it by hand to see what it says"),
    "no password": ({"smtp-user": "me"}, "x", "not_found",
                    "the configuration does not say where smtp-password is",
                    "add to [alert]: smtp-password-file = FILE"),
    "a text that grows beyond all bounds": ({}, "é" * 30000, "too_large", "the mail is larger than 131072 bytes", ""),
    "a key that is not there": ({"smtp": "", "resend-key-file": "MISSING"}, "x", *SECRET),
}


@pytest.mark.parametrize("options, text, error, message, hint", NO_GOOD.values(), ids=NO_GOOD)
def test_what_never_reaches_a_server(mail_server, channel, world, options, text, error, message, hint):
    server = mail_server()
    c = channel(server)
    missing = str(world.home / "missing")
    c.options.update({k: v.replace("MISSING", missing) for k, v in options.items()})
    assert outcome(c.call(text=text)) == (error, message.replace("MISSING", missing), hint.replace("MISSING", missing))
    assert not server.mails and not server.handler.commands
