"""invite and join with a person at the terminal: what is shown where, what is not shown, and how the
terminal is left."""
import re
import signal
import subprocess
import sys

import pytest

from harness.invitations import FORMAT, service_manager
from harness.person import Person
from harness.relay import snapshot

PASSPHRASE = r"passphrase: ([0-9a-hjkmnp-tv-z]{5}(?:-[0-9a-hjkmnp-tv-z]{5}){3})  "
WRONG = "k7m2x-9qhtc-w3v8n-r5d4p\n"


@pytest.fixture
def inviter(machines, parameter_store, api):
    (writer,) = machines("mac-1")
    writer.write_aws_profiles(**parameter_store.profiles())
    writer.configure(f"[claude]\nrole = writer\nstore = {parameter_store.url()}\n"
                     "reader-profile = claude-creds-reader\nwriter-profile = claude-creds-writer\n")
    writer.human_login(api)
    assert writer.run("credrelay", "publish", env={"CREDRELAY_TIMEOUT": "5min"}).status == 0
    return writer


@pytest.fixture
def new(machines, api):
    (new,) = machines("new-1")
    new.install_client(api)
    service_manager(new)
    return new


def sealed_by(inviter):
    """(line, passphrase), as a person reads them off the terminal."""
    with Person(inviter, "credrelay", "invite", "reader") as person:
        passphrase = person.sees(PASSPHRASE)[1]
        assert person.ends() == 0
        return re.search(rf"^{FORMAT}\.sealed\S+$", person.screen, re.M)[0], passphrase


def test_the_passphrase_is_shown_on_the_terminal_only(inviter):
    """Also when the line goes into a file and messages into another."""
    shown = inviter.home / "line"
    with open(shown, "w") as out, open(inviter.home / "messages", "w") as err:
        with Person(inviter, "credrelay", "invite", "reader", stdin=subprocess.DEVNULL, stdout=out,
                    stderr=err) as person:
            passphrase = person.sees(PASSPHRASE)[1]
            assert person.ends() == 0
    assert re.fullmatch(rf"{FORMAT}\.sealed\.[\w-]+\.[\w-]{{8}}\n", shown.read_text())
    assert (inviter.home / "messages").read_text() == ""
    assert passphrase not in shown.read_text()
    assert person.screen == (
        f"\npassphrase: {passphrase}   (100 bits; it is not shown again)\n"
        "On the new machine, within 1 d 0 h: credrelay join\n")


def test_sealed_into_a_pipe(inviter):
    with Person(inviter, "credrelay", "invite", "reader", "--seal", stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as person:
        person.sees(PASSPHRASE)
        assert person.ends() == 0
        assert person.process.stdout.read().startswith(f"{FORMAT}.sealed.".encode())
        assert person.process.stderr.read() == b""


def test_two_invitations_have_nothing_in_common(inviter):
    one, other = sealed_by(inviter), sealed_by(inviter)
    assert one[0][40:] != other[0][40:] and one[1] != other[1]


def test_join_asks_and_shows_nothing_of_it(inviter, new):
    line, passphrase = sealed_by(inviter)
    with Person(new, "credrelay", "join") as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        person.pastes(line + "\n")
        person.sees("Passphrase: ")
        person.waits_for_silence()
        person.types(passphrase.upper().replace("-", " ") + "\n")
        assert person.ends() == 0, person.screen
        assert person.echoes()
        assert line[:60] not in person.screen and passphrase[:5].upper() not in person.screen
    answer = new.run("claude-p", "reply with single word ok")
    assert (answer.status, answer.out, answer.err) == (0, "ok\n", ""), answer


def test_a_line_longer_than_a_terminal_takes(new):
    """4,096 characters and more, with its own editing: a terminal would cut it."""
    with Person(new, "credrelay", "join") as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        person.pastes("wrong\x15" + f"{FORMAT}.open." + "e" * 6000 + ".xyy\x7fxxxxxx\n")
        assert person.ends() == 65
        assert "the invitation was altered on its way" in person.screen


def test_a_sealed_line_through_a_pipe_is_opened_at_the_terminal(inviter, new):
    line, passphrase = sealed_by(inviter)
    with Person(new, "credrelay", "join", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as person:
        person.process.stdin.write(line.encode())
        person.process.stdin.close()
        person.process.stdin = None
        person.sees("^Passphrase: $")
        person.waits_for_silence()
        person.types(passphrase + "\n")
        assert person.ends() == 0
        assert person.screen == "Passphrase: \n"


def test_three_tries(inviter, new):
    line, passphrase = sealed_by(inviter)
    before = snapshot(new.home)
    with Person(new, "credrelay", "join") as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        person.pastes(line + "\n")
        for prompt in ("(?m)^Passphrase: $", "(?m)^That is not it. Passphrase: $",
                       "(?m)^That is not it. Passphrase: $"):
            person.sees_again(prompt)
            person.waits_for_silence()
            person.types(WRONG)
        assert person.ends() == 77
        assert person.screen.endswith(
            "credrelay: join: the passphrase does not open the invitation\n"
            "  it is the one that credrelay invite showed beside this very line\n")
    assert snapshot(new.home) == before
    with Person(new, "credrelay", "join") as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        person.pastes(line + "\n")
        person.sees("(?m)^Passphrase: $")
        person.waits_for_silence()
        person.types(WRONG)
        person.sees("That is not it. Passphrase: $")
        person.waits_for_silence()
        person.types(passphrase + "\n")
        assert person.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_interrupted_the_terminal_is_as_before(new, number):
    with Person(new, "credrelay", "join") as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        if number == signal.SIGINT:
            person.types("abc\x03")
        else:
            person.process.send_signal(number)
        assert person.ends() == -number
        assert person.echoes()
    assert not (new.home / ".config").exists()


# A shell with job control: the one that it starts is stopped, and continued when the file is there.
SHELL = """
import os, signal, sys, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execvp("credrelay", ["credrelay", "join"])
while True:
    status = os.waitpid(pid, os.WUNTRACED)[1]
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    print("stopped", flush=True)
    while not os.path.exists("continue"):
        time.sleep(0.02)
    os.kill(pid, signal.SIGCONT)
"""


def test_stopped_and_continued(new):
    with Person(new, sys.executable, "-c", SHELL) as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        person.types("half a li\x1a")
        person.sees("stopped")
        assert person.echoes()
        (new.home / "continue").touch()
        person.waits_for_silence()
        person.types("hello\n")
        assert person.ends() == 65
        assert "what was read is no invitation" in person.screen


def test_the_end_of_input(new):
    with Person(new, "credrelay", "join") as person:
        person.sees("Paste the invitation")
        person.waits_for_silence()
        person.types("\x04")
        assert person.ends() == 64
        assert person.screen.endswith("credrelay: join: the input ended\n")


@pytest.mark.parametrize("text, status, says", [
    ("{}\n", 0, ""), ("{}", 0, ""), (WRONG, 77, "the passphrase does not open the invitation"),
    ("", 77, "the passphrase does not open the invitation"),
    (None, 65, "cannot open {}: No such file or directory"),
    ("x" * 2000, 65, "{} is larger than 1024 bytes")])
def test_a_passphrase_from_a_file(inviter, new, text, status, says):
    line, passphrase = sealed_by(inviter)
    path = new.home / "passphrase"
    if text is not None:
        path.write_text(text.format(passphrase))
    result = new.run("credrelay", "join", "--passphrase-file", path, input=line, start_new_session=True)
    assert (result.status, says.format(path) in result.err) == (status, True), result
