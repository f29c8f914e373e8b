"""Being told: one message when runs begin to fail, one when they work again, and no run waits for
it, whatever the channels do."""
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from harness.alerts import CLIENT, REFUSED, REMEDY, WHY
from harness.channel import MESSAGE
from harness.relay import wait_for
from harness.watch import Watcher
from harness.wrapped import proxy_store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what sends is found in /proc")


class Told:
    """A webhook that takes what it is given."""

    def __init__(self, server):
        self.server = server

    @property
    def messages(self):
        return [json.loads(r.split(b"\r\n\r\n", 1)[1]) for r in list(self.server.requests)]

    @property
    def kinds(self):
        return [m["kind"] for m in self.messages]

    def wait(self, *kinds):
        """Until it has been told these, and no others so far."""
        wait_for(lambda: len(self.kinds) >= len(kinds), 60)
        assert self.kinds == list(kinds)

    def answer(self, status, *headers):
        self.server.options.update(status=status, headers=list(headers))


def test_the_first_thing_that_happens_is_in_the_log(owner):
    """On a machine that has no folder for it yet."""
    owner.configure("remind-every = 1d")
    owner.world.program("claude", "#!/bin/sh\necho 'Your organization has disabled this'; exit 1\n")
    owner.mend()
    ran = owner.run()
    assert (ran.status, "could not be written" in ran.err) == (78, False), ran
    assert [e["exit_status"] for e in owner.world.events("run")] == [78]


def test_what_a_client_says_goes_into_the_log_without_its_token(owner):
    owner.configure("remind-every = 1d")
    owner.world.program("claude", "#!/bin/sh\n"
                        "echo 'Your organization has disabled this for sk-ant-oat01-TEST-SECRET'; exit 1\n")
    owner.mend()
    ran = owner.run()
    why = "no login can help: Your organization has disabled this for sk-ant-"
    assert (ran.status, ran.err.splitlines()[0]) == (78, f"[claude-p] not recovered: {why}.")
    assert [e["message"] for e in owner.world.events("run")] == [why]


@pytest.fixture
def told(owner, fault_server):
    t = Told(fault_server("answer"))
    owner.configure(f"webhook = {t.server.url}/hook")
    return t


# -- once ------------------------------------------------------------------------------------------


def test_from_beginning_to_end(owner, told):
    began = time.time() * 1000
    ended = owner.run()
    assert (ended.status, ended.out) == (78, REFUSED + "\n")
    assert ended.err == f"[claude-p] not recovered: {WHY}.\n[claude-p]   {REMEDY}\n"
    told.wait("opened")
    message, = told.messages
    assert {k: message[k] for k in ("relay", "machine", "what", "runs", "why", "hint", "subject")} == {
        "relay": "claude", "machine": "machine-1", "what": "run", "runs": 1, "why": WHY, "hint": REMEDY,
        "subject": "[credrelay] claude on machine-1 needs help"}
    assert began - 1000 < message["since"] < time.time() * 1000
    assert message.keys() == {*MESSAGE, "credrelay"}
    lines = message["text"].splitlines()
    assert lines[0] == "Runs of claude on machine-1 fail, and nothing can be done about it from there."
    assert f"What failed: {WHY}" in lines and f"Remedy:      {REMEDY}" in lines
    assert [line for line in lines if line.startswith("  ")][-1].endswith(f"run      not recovered: {WHY} (exit status 78)")

    assert owner.runs(3) == {78: 3}
    owner.mend()
    assert owner.run().status == 0
    told.wait("opened", "over")
    over = told.messages[1]
    assert (over["subject"], over["runs"]) == ("[credrelay] claude on machine-1 works again", 4)
    assert over["id"] != message["id"]
    assert owner.runs(2) == {0: 2}
    owner.settled()
    assert told.kinds == ["opened", "over"]
    assert [e["kind"] for e in owner.world.events("alert")] == ["opened", "over"]
    assert [(e["open"], e["what"]) for e in owner.world.events("incident")] == [(True, "run"), (False, "run")]


def test_a_storm_of_hopeless_runs_is_one_message(owner, told):
    """Three hundred within a minute; what was running ends in between, as in a reboot."""
    assert owner.runs(150, at_once=5) == {78: 150}
    told.wait("opened")
    owner.settled()
    owner.end_senders()
    (owner.world.state / "claude.incident.lock").unlink()  # nobody holds it any more
    assert owner.runs(150, at_once=5) == {78: 150}
    owner.settled()
    assert told.kinds == ["opened"]
    assert 200 <= owner.alert()["runs"] <= 300  # a storm need not be counted to the last
    owner.mend()
    assert owner.runs(20) == {0: 20}
    told.wait("opened", "over")
    owner.settled()
    assert told.kinds == ["opened", "over"]


def test_runs_that_are_killed_anywhere(owner, told):
    """Before the books, in them, and between them and what sends."""
    dice = random.Random(11)
    for _ in range(6):
        runs = [owner.world.start("claude-p", "ok") for _ in range(5)]
        for run in runs:
            time.sleep(dice.random() * 0.02)
            run.kill()
        for run in runs:
            run.communicate(timeout=60)
    assert owner.run().status == 78
    told.wait("opened")
    owner.settled()
    assert told.kinds == ["opened"]
    assert [e["open"] for e in owner.world.events("incident")] in ([True], [])  # the log comes after the books


def test_what_comes_and_goes_is_told_three_times(owner, told):
    for _ in range(5):
        owner.break_again()
        assert owner.run().status == 78
        owner.mend()
        assert owner.run().status == 0
    told.wait(*["opened", "over"] * 3)
    owner.settled()
    assert told.kinds == ["opened", "over"] * 3
    assert "It comes and goes" in told.messages[4]["text"]


def test_a_day_later(owner, told):
    owner.run()
    told.wait("opened")
    owner.settled()

    def a_day_passes(books):
        for key in ("since", "told_at"):
            books["incident"][key] -= 86_400_000

    owner.edit(a_day_passes)
    assert owner.runs(5) == {78: 5}
    told.wait("opened", "still")
    owner.settled()
    assert told.kinds == ["opened", "still"]
    assert told.messages[1]["subject"].startswith("[credrelay] claude on machine-1 still needs help, for 1 d ")


def test_other_failures_are_nobodys_business(owner, told):
    owner.mend()
    owner.world.program("claude", "#!/bin/sh\necho 'Execution error'\nexit 3\n")
    assert owner.run().status == 3
    assert not owner.books().exists() and not owner.senders()
    # And they do not end an incident either.
    owner.world.program("claude", CLIENT)
    owner.break_again()
    assert owner.run().status == 78
    told.wait("opened")
    owner.world.program("claude", "#!/bin/sh\necho 'Execution error'\nexit 3\n")
    assert owner.run().status == 3
    assert owner.alert()["open"]


# -- nobody waits ----------------------------------------------------------------------------------


def test_a_run_does_not_wait_for_its_channels(owner, fault_server):
    """Nor does whoever reads its output.  Both channels would take 20 s."""
    silent = fault_server("silent")
    owner.configure(f"webhook = {silent.url}/hook\ncommand = sleep 60")
    ended = owner.run()
    assert ended.status == 78
    assert ended.seconds < 15
    wait_for(lambda: silent.requests)
    assert owner.senders()  # it is being sent, by somebody else
    assert owner.run().seconds < 15


def test_what_sends_has_nothing_of_the_run(owner, told):
    """Not its folder, not its terminal, not its descriptors; and it is no child of anybody's."""
    told.server.way = "silent"
    held = owner.world.home / "held"
    held.mkdir()
    owner.world.run("claude-p", "ok", cwd=held)
    wait_for(lambda: told.server.requests)
    sender, = owner.senders()  # by now it has its own name alone: before, it forks twice
    links = {}
    for name in ("cwd", "fd/0", "fd/1", "fd/2"):
        links[name] = str(Path(f"/proc/{sender}/{name}").readlink())
    assert links == {"cwd": "/", "fd/0": "/dev/null", "fd/1": "/dev/null", "fd/2": "/dev/null"}
    stat = Path(f"/proc/{sender}/stat").read_text().rsplit(")", 1)[1].split()
    assert int(stat[3]) != sender and int(stat[4]) == 0  # it leads no session and has no terminal
    assert Path(f"/proc/{stat[1]}/cmdline").read_bytes().split(b"\0")[0] not in (b"claude-p",)


def test_a_good_run_looks_for_one_file(owner, told, tmp_path):
    """A good day's cost: one system call, and nothing of the books."""
    owner.mend()
    trace = tmp_path / "trace"
    assert owner.world.run("strace", "-qq", "-o", trace, "claude-p", "ok").status == 0
    touched = [line for line in trace.read_text().splitlines() if ".trouble" in line or "incident" in line]
    assert len(touched) == 1 and touched[0].startswith(("access(", "faccessat")), touched


# -- channels that fail ----------------------------------------------------------------------------

FAILURES = {  # what the webhook answers: the error of the event
    "500": (["500 Internal Server Error"], "unreachable"),
    "429": (["429 Too Many Requests", "Retry-After: 1"], "throttled"),
    "401": (["401 Unauthorized"], "bad_credentials"),
}


@pytest.mark.parametrize("answer, error", FAILURES.values(), ids=FAILURES)
def test_a_channel_that_refuses_is_given_it_again(owner, told, answer, error):
    told.answer(*answer)
    assert owner.run().status == 78
    wait_for(lambda: owner.alert().get("failure", "").startswith("webhook: "))
    assert owner.alert()["pending"] == 1 and set(told.kinds) == {"opened"}
    told.answer("200 OK")
    owner.settled()
    first, *others = told.messages
    events = owner.world.events("alert")
    assert others and all(m == first for m in others), events  # the same message, by its id too
    assert [(e["ok"], e.get("error"), e["try"]) for e in events[:1]] == [(False, error, 1)]
    assert [e["ok"] for e in events] == [False] * (len(events) - 1) + [True]
    assert "failure" not in owner.alert()


def test_one_that_hangs_keeps_nothing_from_the_others(owner, told, fault_server):
    silent = fault_server("silent")
    heard = owner.world.home / "heard"
    owner.configure(f"webhook = {silent.url}/x\ncommand = cat >>'{heard}'; echo . >>'{heard}'")
    owner.run()
    wait_for(lambda: heard.exists() and heard.read_text().endswith(".\n"), 60)
    assert heard.read_text().startswith("[credrelay] claude on machine-1 needs help\n\nRuns of claude")


def test_messages_keep_their_order(owner, told):
    told.answer("503 Service Unavailable")
    owner.run()
    wait_for(lambda: told.kinds)
    owner.mend()
    owner.run()
    wait_for(lambda: owner.alert()["pending"] == 2)
    told.answer("200 OK")
    owner.settled()
    kinds = told.kinds
    assert kinds.count("over") == 1 and kinds[-1] == "over" and set(kinds[:-1]) == {"opened"}


def test_a_sender_that_was_killed_loses_nothing(owner, told):
    """Another run, or the watcher, sends it when the time that a sender has for it is over."""
    told.server.way = "silent"
    owner.run()
    told.wait("opened")
    owner.end_senders()
    wait_for(lambda: not owner.senders())
    told.server.way = "answer"
    assert owner.run().status == 78
    assert not owner.senders() and owner.alert()["pending"] == 1  # it may still be under way

    def a_minute_passes(books):
        books["outbox"][0]["to"]["webhook"]["next_at"] -= 60_000

    owner.edit(a_minute_passes)
    assert owner.run().status == 78
    owner.settled()
    assert [m["id"] for m in told.messages] == [told.messages[0]["id"]] * 2


def test_the_end_of_a_job_lets_a_message_finish(owner, told):
    """A service manager ends what a job has left behind, and means our helper too."""
    told.server.way = "silent"
    owner.run()
    told.wait("opened")
    sender, = owner.senders()
    helpers = [int(p) for p in Path(f"/proc/{sender}/task/{sender}/children").read_text().split()]
    assert helpers
    for pid in (sender, *helpers):
        os.kill(pid, signal.SIGTERM)
    told.answer("200 OK")
    told.server.release.set()
    wait_for(lambda: not owner.senders())
    assert owner.alert()["pending"] == 0
    assert told.kinds == ["opened"]


# -- who is told -----------------------------------------------------------------------------------


def test_several_channels(owner, told, mail_server, certificates):
    server = mail_server(tls="starttls", user=("ops@example.org", "pass word"))
    secret = owner.world.home / "password"
    secret.write_text("pass word\n")
    secret.chmod(0o600)
    owner.configure(f"webhook = {told.server.url}/hook\nmail = me@example.org\nsmtp = {server.url}\n"
                    f"smtp-user = ops@example.org\nsmtp-password-file = {secret}\n"
                    f"ca-file = {certificates.authority}\ncommand = cat >\"$HOME/heard\"")
    owner.run()
    owner.settled()
    told.wait("opened")
    mail, = server.mails
    message, = told.messages
    assert (mail["subject"], mail["text"]) == (message["subject"], message["text"])
    assert mail["id"] == f"<{message['id']}@example.org>"
    assert (owner.world.home / "heard").read_text() == f"{message['subject']}\n\n{message['text']}"


def test_a_machine_with_a_strange_name(owner, told, mail_server):
    """It is in headers, documents and subjects."""
    server = mail_server()
    name = "büro\u2028\u202e 7"
    owner.world.env["CREDRELAY_MACHINE"] = name
    owner.configure(f"webhook = {told.server.url}/hook\nmail = me@example.org\nsmtp = {server.url}")
    owner.run()
    owner.settled()
    assert told.messages[0]["machine"] == "büro?? 7"
    assert server.mails[0]["subject"] == "[credrelay] claude on büro?? 7 needs help"


def test_no_message_holds_a_token(owner, told):
    """What the client says is quoted; what a client says might be anything."""
    owner.break_again()
    owner.world.program("claude", "#!/bin/sh\necho 'Failed to authenticate: OAuth token revoked. Please log in "
                                  "again or contact your administrator. sk-ant-oat01-TEST-STALE'\nexit 1\n")
    assert owner.run().status == 78
    told.wait("opened")
    assert "TEST-STALE" not in json.dumps(told.messages)
    assert "TEST-STALE" not in owner.books().read_text()


def test_without_a_section_the_books_are_kept_and_nobody_is_told(owner, told):
    owner.world.configure("[claude]\nrole = reader\nrecover-wait = 0\n")
    assert owner.runs(2) == {78: 2}
    assert not owner.senders()
    view = owner.alert()
    assert (view["open"], view["told"], view["runs"], view["pending"]) == (True, False, 2, 0)
    # Trouble that is older than the section is told as soon as there is one.
    owner.configure(f"webhook = {told.server.url}/hook")
    owner.run()
    told.wait("opened")
    assert told.messages[0]["since"] == view["since"] and told.messages[0]["runs"] == 3


def test_a_section_that_cannot_be_read_is_said_and_kills_no_run(owner, told):
    owner.configure("smtp-password = hunter2")
    ended = owner.run()
    path = owner.world.home / ".config/credrelay/credrelay.conf"
    assert ended.status == 78
    assert ended.err.splitlines()[2] == (
        f"[claude-p] nobody could be told: {path}:6: a secret does not belong here, where others can read it")
    shown = owner.world.run("credrelay", "alert")
    assert shown.status == 65
    assert shown.err == (
        f"credrelay: alert: {path}:6: a secret does not belong here, where others can read it\n"
        "  put it into a file of its own, chmod 600, and write: smtp-password-file = FILE\n")
    owner.mend()
    assert owner.run().status == 0
    assert owner.run().err == ""


def test_a_state_folder_that_cannot_be_written(owner, told):
    owner.world.state.parent.mkdir(parents=True, exist_ok=True)
    owner.world.state.write_text("in the way")
    ended = owner.run()
    assert ended.status in (1, 78)
    assert "not recovered" in ended.err and "nobody could be told: " in ended.err


# -- the watcher -----------------------------------------------------------------------------------


def test_the_watcher_tells_of_a_store_that_is_gone(owner, told):
    proxy_store(owner.world, before='[ -e "$HOME/gone" ] && exit 1')
    owner.mend()
    owner.configure(f"webhook = {told.server.url}/hook\nalert-after = 1s", "[claude]\nstore = proxy:\n")
    gone = owner.world.home / "gone"
    gone.touch()
    with Watcher(owner.world):
        told.wait("opened")
        message, = told.messages
        assert (message["what"], message["runs"]) == ("watch", 0)
        assert message["why"].startswith("proxy: ")
        assert message["text"].startswith("The login of claude on machine-1 is not kept alive.\n")
        gone.unlink()
        told.wait("opened", "over")
    assert owner.alert()["open"] is False


def test_the_watcher_says_once_that_nobody_can_be_alerted(owner):
    """However often it would have alerted somebody."""
    tries = owner.world.home / "tries"
    proxy_store(owner.world, before='echo >>"$HOME/tries"; exit 1')
    owner.mend()
    owner.configure("smtp-password = hunter2", "[claude]\nstore = proxy:\n")
    path = owner.world.home / ".config/credrelay/credrelay.conf"
    with Watcher(owner.world) as watcher:
        wait_for(tries.exists)
        for _ in range(4):
            tried = tries.stat().st_size
            watcher.process.send_signal(signal.SIGHUP)
            wait_for(lambda: tries.stat().st_size > tried)
    assert watcher.err.read_text() == (
        f"credrelay: claude: nobody can be alerted, ignoring: {path}:4: a secret does not belong here, where "
        "others can read it\n  put it into a file of its own, chmod 600, and write: smtp-password-file = FILE\n")


def test_the_watcher_tells_of_the_deadline_once(owner, told):
    owner.configure(f"webhook = {told.server.url}/hook", "[claude]\nstore = local:\n")
    owner.world.write_login(access="sk-ant-oat01-TEST-FINE", deadline_in=2.9 * 86400)
    for _ in range(2):
        assert owner.world.run("credrelay", "watch", "--once").status == 0
    owner.settled()
    message, = told.messages
    assert (message["kind"], message["subject"]) == (
        "deadline", "[credrelay] claude on machine-1: log in again within 3 days")
    assert message["hint"] == "log in: claude /login"


# -- credrelay alert -------------------------------------------------------------------------------


def test_how_it_stands(owner, told):
    shown = owner.world.run("credrelay", "alert")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == "claude on machine-1: nothing is wrong\nchannels   webhook\n"
    told.answer("500 Internal Server Error")
    owner.run()
    wait_for(lambda: "failure" in owner.alert())
    shown = owner.world.run("credrelay", "alert").out.splitlines()
    host = told.server.url.removeprefix("http://")
    assert shown[:2] == [f"claude on machine-1 is in trouble: {WHY}", f"remedy     {REMEDY}"]
    assert shown[2].startswith("since      ") and shown[3:5] == ["runs       1 failed", "channels   webhook"]
    assert shown[5].startswith("failed     ") and shown[5].endswith(f" ago: webhook: {host} is out of order (status 500)")
    assert shown[6:] == ["pending    1 to be sent: credrelay alert send"]
    quiet = owner.world.run("credrelay", "alert", "-q")
    assert quiet.out.splitlines()[:2] == shown[:2]


def test_a_test_goes_through_each_channel(owner, told):
    owner.configure(f"webhook = {told.server.url}/hook\ncommand = exit 3")
    result = owner.world.run("credrelay", "alert", "test")
    assert (result.status, result.out) == (69, "webhook: the message was taken\n")
    assert result.err == ("credrelay: alert: command: the command failed (exit status 3)\n"
                          "  run it by hand to see what it says\n")
    assert told.kinds == ["test"]
    assert owner.alert("test") == {
        "ok": False, "command": "alert test", "exit_status": 69, "outcomes": [
            {"channel": "webhook", "ok": True},
            {"channel": "command", "ok": False, "error": "failed",
             "message": "command: the command failed (exit status 3)",
             "hint": "run it by hand to see what it says"}]}
    assert owner.alert()["open"] is False and not owner.books().exists()


def test_a_check_sends_nothing(owner, told):
    owner.configure("webhook-file = ~/hook\ncommand = exit 3")
    result = owner.world.run("credrelay", "alert", "check")
    assert (result.status, result.out) == (65, "command: could be sent to\n")
    hook = owner.world.home / "hook"
    assert result.err == (f"credrelay: alert: webhook: cannot open {hook}: No such file or directory\n"
                          f"  write the secret into it: (umask 077; cat >'{hook}')\n")
    hook.write_text(told.server.url)
    hook.chmod(0o644)
    assert owner.alert("check")["outcomes"][0]["error"] == "denied"
    hook.chmod(0o600)
    assert owner.alert("check")["exit_status"] == 0
    assert told.kinds == []


@pytest.mark.parametrize("command, there", {
    "nosuch-program": False, "/nosuch/program -x": False, "~/nosuch": False, "cat >/dev/null": True,
    "A=1 nosuch-program": True, "if true; then cat; fi": True, "\"$HOME/a b\"": True, "~/a": True,
    "-v nosuch-program": True, "/nosuch/" + "x" * 150: False, "/nosuch/" + "x" * 300: False}.items())
def test_a_check_looks_for_the_program(owner, command, there):
    """What takes a shell to tell is left to the shell."""
    owner.world.program("a", "#!/bin/sh\nexit 3\n").rename(owner.world.home / "a")
    owner.configure(f"command = {command}")
    result = owner.world.run("credrelay", "alert", "check")
    assert (result.status, result.err) == ((0, "") if there else (
        65, f"credrelay: alert: command: {command.split()[0]} is no program that can be run here\n"
            "  install it, or name it from the root on: command = /PATH/OF/IT\n")), result


def test_nobody_to_test(owner):
    owner.world.configure("")
    result = owner.world.run("credrelay", "alert", "test")
    assert (result.status, result.out) == (64, "")
    assert result.err == ("credrelay: alert test: no channel is set up: nobody is told\n"
                          "  add a section [alert] with mail, webhook or command: credrelay.conf(5)\n")


def test_sending_by_hand(owner, told):
    told.answer("500 Internal Server Error")
    owner.run()
    wait_for(lambda: "failure" in owner.alert())
    owner.end_senders()
    wait_for(lambda: not owner.senders())
    told.answer("200 OK")
    owner.edit(lambda books: books["outbox"][0]["to"]["webhook"].update(next_at=0))
    sent = owner.world.run("credrelay", "alert", "send")
    assert (sent.status, sent.out, sent.err) == (0, "webhook: sent: claude, opened\n", "")
    again = owner.world.run("credrelay", "alert", "send")
    assert (again.status, again.out) == (0, "nothing is to be sent\n")
    unknown = owner.world.run("credrelay", "alert", "shout")
    assert (unknown.status, unknown.err) == (
        64, "credrelay: alert: there is no 'shout'\n  see: credrelay alert --help\n")


def test_one_channel_that_takes_it_does_not_hide_another_that_does_not(owner, told):
    works = owner.world.home / "works"
    owner.configure(f"webhook = {told.server.url}/hook\ncommand = cat >'{owner.world.home}/heard'; test -e '{works}'")
    told.answer("401 Unauthorized")
    owner.run()
    wait_for(lambda: {e["channel"] for e in owner.world.events("alert")} == {"webhook", "command"}, 60)
    owner.end_senders()
    wait_for(lambda: not owner.senders())
    works.touch()

    def make_due(books):
        for to in books["outbox"][0]["to"].values():
            to["next_at"] = 0
    owner.edit(make_due)
    sent = owner.world.run("credrelay", "alert", "send")
    assert (sent.status, sent.out) == (77, "command: sent: claude, opened\n"), sent
    assert sent.err.startswith("credrelay: alert: webhook: "), sent
