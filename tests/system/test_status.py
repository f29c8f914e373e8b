"""`credrelay status`: what it shows, what it promises, and what it leaves alone.  Every promise is a
row of tests/unit/test_outlook.c; here is that the facts get there."""
import json
import os
import re
import time

import pytest

from harness.parameter_store import READER
from harness.relay import LocalStore, fingerprint, join, made_up, snapshot, token, wait_for
from harness.watching import watching

NO_WATCHER = "no watcher is running"


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


def published(world, store, n=1, **more):
    join(world, store)
    world.write_login(made_up(n, **more))
    assert world.run("credrelay", "publish").status == 0


def rows(result):
    """{label: [its lines]} of a screen with one relay; "" is the title's."""
    found, label = {}, ""
    for line in result.out.splitlines():
        hint = line.startswith(" " * 15)  # to be pasted: not broken
        assert len(line) <= 80 or hint or " " not in line[13:], line
        name = line[2:13].strip() if line.startswith("  ") else ""
        label = name or label
        found.setdefault(label, []).append(line[13:] if line.startswith("  ") else line)
    return found


def test_a_screen(world, store):
    published(world, store, deadline_in=20 * 86400)
    result = world.run("credrelay", "status")
    shown, print1 = rows(result), fingerprint(token(1))
    assert shown[""] == ["claude on machine-1, a writer"]
    assert re.fullmatch(rf"{print1}, usable, expires in 7 h \d+ min", shown["login"][0])
    assert re.fullmatch(r"a person must log in again in 19 d 23 h \(\d{4}-\d\d-\d\d\)", shown["login"][1])
    assert shown["store"][0] == store.url
    assert re.fullmatch(r"version 1, .* ago, by machine-1", shown["store"][1])
    assert re.fullmatch(rf"{print1}, the same as here, expires in 7 h \d+ min", shown["store"][2])
    assert shown["holder"] == ["this machine renews the login"]
    assert shown["watcher"] == ["not running"]
    assert re.fullmatch(rf".* ago: version 1, {print1}", shown["publish"][0])
    assert shown["pull"] == shown["recovery"] == shown["failure"] == ["none in the log"]
    assert shown["next run"] == ["will work"]
    assert shown["attention"][0].startswith(NO_WATCHER)
    assert (result.status, result.err) == (2, "")


def test_what_is_in_the_way_is_not_promised_to_go(world, store):
    """Neither a pull nor a run replaces what is no file; the hint makes room, and then it works."""
    published(world, store)
    world.install_client()
    world.login_path.unlink()
    world.login_path.mkdir()
    result = world.run("credrelay", "status", "--json")
    hint = result.json["relays"][0]["notes"][0]["hint"]
    assert (result.status, world.run("claude-p", "ok").status) == (1, 78)
    assert hint.startswith("move it away: ")
    assert world.run("sh", "-c", hint.removeprefix("move it away: ")).status == 0
    assert world.run("credrelay", "status").status == 2
    assert world.run("claude-p", "ok").status == 0


def test_what_the_log_says(world, store):
    """A pull, a run that recovered, one that did not, and a publication that was refused."""
    published(world, store)
    world.install_client()
    world.login_path.unlink()
    assert world.run("claude-p", "reply with single word ok").status == 0
    shown = rows(world.run("credrelay", "status"))
    assert re.fullmatch(rf".* ago: version 1, {fingerprint(token(1))}", shown["pull"][0])
    assert re.fullmatch(".* ago: a run began with another login", shown["recovery"][0])
    world.write_login(made_up(2, access="sk-ant-oat01-TEST-STALE"))
    world.configure("[claude]\nrole = reader\nstore = nosuch:\n")
    assert world.run("claude-p", "reply with single word ok").status == 78
    shown = rows(world.run("credrelay", "status"))
    assert re.match(".* ago: a run, exit status 78: no helper for 'nosuch:' stores",
                    " ".join(shown["failure"]))


def test_of_a_run_and_its_sync_in_one_moment_the_run_is_told(world, store):
    published(world, store)
    common = {"v": 1, "ts": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), "relay": "claude",
              "machine": "machine-1", "error": "unreachable", "message": "no store"}
    with open(world.state / "events.jsonl", "a") as log:
        for event in ({"event": "sync", "ok": False, "did": "nothing"},
                      {"event": "run", "verdict": "lapsed", "recovery_succeeded": False, "exit_status": 78}):
            log.write(json.dumps({**common, **event}, separators=(",", ":")) + "\n")
    shown = " ".join(rows(world.run("credrelay", "status"))["failure"])
    assert re.match(".* ago: a run, exit status 78: no store", shown), shown


def test_a_watcher_in_order(world, store):
    published(world, store)
    now = int(time.time() * 1000)
    with watching(world, claude={"synced_at": now - 12_000, "holder": "mac-2"}):
        result = world.run("credrelay", "status")
        assert re.fullmatch(r"running, started 2 h 0 min ago; last in step .* ago",
                            " ".join(rows(result)["watcher"]))
        assert "attention" not in rows(result)
        assert result.status == 0
        world.write_login(made_up(1, refresh=None))  # this machine is not the one that renews
        assert rows(world.run("credrelay", "status"))["holder"] == ["mac-2 renews the login"]


def test_a_watcher_in_trouble(world, store):
    published(world, store)
    with watching(world, claude={"error": "denied", "message": "the store: access denied",
                                 "hint": "allow it", "failing_since": 1}):
        result = world.run("credrelay", "status")
    assert rows(result)["watcher"][-1] == "the store: access denied"
    assert rows(result)["attention"] == [
        "the watcher cannot do its duty: the store: access denied", "  allow it"]
    assert result.status == 2


STATES = [  # (what is so, how to make it, exit status, the row, how it begins)
    ("the login is blank", lambda w: w.write_login(access="", refresh=""), 2, "next run",
     "will work: the login here is blank: the run pulls the store's first credrelay pull"),
    ("there is no login", lambda w: w.login_path.unlink(), 2, "next run",
     "will work: there is no login here: the run pulls the store's first credrelay pull"),
    ("another one was made", lambda w: w.write_login(made_up(2)), 2, "attention",
     "not in the store: the login here is new credrelay publish"),
    ("a variable goes before it", lambda w: w.env.update(ANTHROPIC_API_KEY="sk-TEST"), 2, "next run",
     "does not depend on this login: Claude Code uses ANTHROPIC_API_KEY instead of its login: "
     "nothing here can mend that unset ANTHROPIC_API_KEY"),
    ("the store is gone", lambda w: w.configure("[claude]\nstore = nosuch:\n"), 2, "attention",
     "no helper for 'nosuch:' stores install credrelay whole, or put a program called "
     "credrelay-store-nosuch on PATH"),
    ("the login is blank and the store is gone", lambda w: (
        w.write_login(access="", refresh=""), w.configure("[claude]\nstore = nosuch:\n")), 1, "next run",
     "will not work: the login here is blank, and the store gave no answer install credrelay whole"),
]


@pytest.mark.parametrize("spoil, status, row, words", [s[1:] for s in STATES], ids=[s[0] for s in STATES])
def test_what_should_be_seen_to(world, store, spoil, status, row, words):
    published(world, store)
    spoil(world)
    result = world.run("credrelay", "status")
    said = " ".join(line.strip() for line in rows(result)[row])
    assert (result.status, said[:len(words)]) == (status, words), result


def test_a_reader_of_parameter_store(world, parameter_store):
    """One call, and what a reader may not know is not asked for."""
    profiles = parameter_store.profiles()
    world.write_aws_profiles(claude_creds_reader=profiles["claude_creds_reader"])
    world.configure(f"[claude]\nrole = reader\nstore = {parameter_store.url()}\nreader-profile = {READER}\n")
    parameter_store.put(made_up(1, refresh=None))
    assert world.run("credrelay", "pull").status == 0
    parameter_store.faults([])
    result = world.run("credrelay", "status")
    shown = rows(result)
    assert parameter_store.actions() == [("GetParameter", 200)]
    assert re.fullmatch(r"version 1, .* ago", shown["store"][-2])
    assert shown["holder"] == ["a writer renews the login; readers are not told which"]
    assert (result.status, shown["next run"]) == (2, ["will work"])


def test_a_writer_of_parameter_store(world, parameter_store):
    world.write_aws_profiles(**parameter_store.profiles())
    world.configure(f"[claude]\nstore = {parameter_store.url()}\nwriter-profile = claude-creds-writer\n")
    world.write_login(made_up(1))
    assert world.run("credrelay", "publish").status == 0
    parameter_store.faults([])
    assert rows(world.run("credrelay", "status"))["holder"] == ["this machine renews the login"]
    assert parameter_store.actions() == [("GetParameter", 200)]


def test_offline_asks_nobody(world):
    """A store that tells when it was started, and a service manager that does."""
    for name in ("credrelay-store-trap", "systemctl", "launchctl"):
        world.program(name, f"#!/bin/sh\necho {name} >>\"$HOME/asked\"\n")
    world.configure("[claude]\nstore = trap:\n")
    world.write_login(made_up(1))
    result = world.run("credrelay", "status", "--offline")
    assert not (world.home / "asked").exists()
    assert rows(result)["store"] == ["trap:", "not asked; never in step with it yet"]
    assert "service" not in rows(result)
    world.run("credrelay", "status")
    assert "credrelay-store-trap" in (world.home / "asked").read_text()


def test_it_changes_nothing_and_runs_no_client(world, store):
    published(world, store)
    world.install_client()
    before = snapshot(world.home)
    for arguments in ([], ["--offline"], ["--json"]):
        world.run("credrelay", "status", *arguments)
    assert snapshot(world.home) == before
    assert world.client_runs() == []


def test_an_incident(world, store):
    """A run that could not be helped stays in sight until one works again."""
    join(world, store, role="reader")
    world.install_client()
    world.write_login(access="sk-ant-oat01-TEST-STALE", refresh=None)
    assert world.run("claude-p", "reply with single word ok", env={"CREDRELAY_RECOVER_WAIT": "0s"}).status == 78

    def incident():
        return world.run("credrelay", "status", "--json", "--offline").json["relays"][0].get("incident")
    told = wait_for(incident)
    assert told["runs"] == 1 and told["message"] and told["since"] <= time.time() * 1000
    note = world.run("credrelay", "status", "--json", "-o").json["relays"][0]["notes"]
    assert next(n["message"] for n in note if n["about"] == "incident").endswith(f": {told['message']}")
    world.write_login(made_up(3))
    assert world.run("claude-p", "reply with single word ok").status == 0
    wait_for(lambda: not incident())


def test_several_relays(world, store):
    """The worst of them is the exit status; -r shows one."""
    world.configure(f"[claude]\nstore = {store.url}\n[work]\ntool = codex\nstore = {store.url}\n")
    world.write_login(made_up(1))
    both = world.run("credrelay", "status", "--json")
    assert [(r["relay"], r["next_run"], r["exit_status"]) for r in both.json["relays"]] == [
        ("claude", "works", 2), ("work", "does_not_work", 1)]
    assert (both.status, both.json["exit_status"]) == (1, 1)
    screens = world.run("credrelay", "status").out
    assert screens.startswith("claude on machine-1, a writer\n")
    assert "\n\nwork on machine-1, a writer\n" in screens
    one = world.run("credrelay", "status", "-r", "claude")
    assert one.status == 2 and "\n\n" not in one.out
    none = world.run("credrelay", "status", "-r", "play")
    assert none.status == 64 and "has no relay called 'play'" in none.err


def test_json(world, store):
    published(world, store)
    relay = world.run("credrelay", "status", "--json").json["relays"][0]
    now = time.time() * 1000
    assert relay["local"] | {"expires_at": 0} == {
        "state": "usable", "fingerprint": fingerprint(token(1)), "expires_at": 0, "expired": False,
        "renewable": True, "refused": False}
    stored = relay["stored"]
    assert (stored["answer"], stored["version"], stored["by"], stored["compared"]) == (
        "answered", 1, "machine-1", "same")
    assert now - 60_000 < stored["modified"] <= now
    assert stored["login"]["renewable"] is False
    assert (relay["holder"], relay["overriding"]) == ("machine-1", None)
    assert relay["watcher"] == {"running": False, "since": None, "in_step_at": None}
    assert relay["publish"]["what"] == f"version 1, {fingerprint(token(1))}"
    assert [n["about"] for n in relay["notes"]] == ["watcher"]
    world.login_path.unlink()
    relay = world.run("credrelay", "status", "--json", "-o").json["relays"][0]
    assert relay["local"]["error"] == "not_found" and relay["local"]["hint"].startswith("credrelay pull")
    assert relay["stored"] == {"answer": "not_asked"}
    assert relay["next_run"] == "does_not_work"


# -- colours -----------------------------------------------------------------------------------


def on_terminal(world, *argv, **env):
    """What a program writes to a terminal."""
    master, slave = os.openpty()
    process = world.start(*argv, env=env, stdout=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # how Linux tells that the other side is closed
            break
        if not piece:
            break
        said += piece
    os.close(master)
    process.communicate(timeout=60)
    return said.decode().replace("\r\n", "\n")


def test_colours(world, store):
    published(world, store)
    plain = world.run("credrelay", "status", env={"TERM": "xterm"}).out
    assert "\033" not in plain
    coloured = on_terminal(world, "credrelay", "status", TERM="xterm")
    assert "next run   \033[32mwill work\033[0m\n" in coloured
    assert re.search(r"attention  \033\[33mno watcher", coloured)

    def words(text):
        return re.sub(r"\d+", "N", re.sub(r"\033\[\d+m", "", text).replace(" ms ", " s "))

    assert words(coloured) == words(plain)
    for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
        assert "\033" not in on_terminal(world, "credrelay", "status", **env), env
