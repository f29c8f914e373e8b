"""The commands that are interfered with, each on a machine made ready for it."""
import os
import time

from harness.relay import join, made_up, token
from harness.stepper import Scenario

CLIENT = f"""#!/bin/sh
case $(cat "$HOME/.claude/.credentials.json") in
*{token(2)}*) echo ok ;;
*) echo "Failed to authenticate. API Error: 401 Invalid authentication credentials"; exit 1 ;;
esac
"""
PATIENT = "timeout = 30s\n"  # stepped through on a loaded machine a store may take its time
BESIDE = {"mcpOAuth": {"server": {"token": "TEST-OTHER"}}}


def in_step(machine, role="writer"):
    """Login 1 in the file and in the store."""
    join(machine, machine.store, more=PATIENT)
    machine.put_login(1, BESIDE)
    assert machine.run("credrelay", "publish").status == 0
    if role == "reader":
        join(machine, machine.store, role="reader", more=PATIENT)
        assert machine.run("credrelay", "sync").status == 0


def a_new_login(machine):
    in_step(machine)
    machine.put_login(2, BESIDE)


def the_first_login(machine):
    join(machine, machine.store, more=PATIENT)
    machine.put_login(2, BESIDE)


def a_newer_one_in_the_store(machine, role="reader"):
    in_step(machine, role)
    bare = made_up(2)
    del bare["claudeAiOauth"]["refreshToken"]
    machine.store.put(bare)


def a_blank_file(machine):
    a_newer_one_in_the_store(machine)
    blank = made_up(1)
    blank["claudeAiOauth"].update(accessToken="", refreshToken="", expiresAt=0)
    machine.write_login({**blank, **BESIDE})


def a_stale_lock(machine):
    """A newer login in the store, and a client that died with its lock."""
    a_newer_one_in_the_store(machine)
    lock = machine.home / ".claude.lock"
    lock.mkdir()
    os.utime(lock, (time.time() - 3600,) * 2)


def taken_over(machine):
    """Another writer published: this one is given the bare login."""
    in_step(machine)
    machine.store.put({"holder": "elsewhere", "login": made_up(2)}, path="/claude/login.renewable")
    bare = made_up(2)
    del bare["claudeAiOauth"]["refreshToken"]
    machine.store.put(bare)


def a_refused_one(machine):
    a_newer_one_in_the_store(machine)
    machine.program("claude", CLIENT)


SCENARIOS = [
    Scenario("publish", a_new_login, ["credrelay", "publish"], moves="store"),
    Scenario("publish the first", the_first_login, ["credrelay", "publish"], moves="store"),
    Scenario("pull", a_newer_one_in_the_store, ["credrelay", "pull"]),
    Scenario("pull over a stale lock", a_stale_lock, ["credrelay", "pull"]),
    Scenario("sync out", a_new_login, ["credrelay", "sync"], moves="store"),
    Scenario("sync in", taken_over, ["credrelay", "sync"]),
    Scenario("watch out", a_new_login, ["credrelay", "watch", "--once"], moves="store", rare=3),
    Scenario("watch in", a_newer_one_in_the_store, ["credrelay", "watch", "--once"], rare=3),
    Scenario("run", a_refused_one, ["claude-p", "ok"], out="ok\n", wraps=True,
             again=["credrelay", "sync"]),  # a good day's run writes nothing, so sweeps nothing
    Scenario("put", a_new_login, ["credrelay", "publish"], moves="store", of="store-local"),
    Scenario("get", a_newer_one_in_the_store, ["credrelay", "pull"], of="store-local"),
]
