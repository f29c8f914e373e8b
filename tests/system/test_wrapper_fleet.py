"""Many runs at once on one machine: one pull serves them all, whoever is killed meanwhile."""
import random
import time

import pytest

from harness.relay import wait_for
from harness.wrapped import FRESH, PATIENT, RECOVERED, STALE, calls, proxy_store, publish

# The client of these tests is a shell script: a hundred Pythons would measure Python.
CLIENT = f"""#!/bin/sh
login=$(cat "$HOME/.claude/.credentials.json" 2>/dev/null)
echo run >>"$HOME/runs"
case $login in
*{FRESH}*) echo ok ;;
*) echo "Failed to authenticate. API Error: 401 Invalid authentication credentials"; exit 1 ;;
esac
"""

WAITING = f"{PATIENT}recover-wait = 3min\n"


def gets(world):
    return calls(world).count("get")


def machine(world, role="reader"):
    world.program("claude", CLIENT)
    proxy_store(world)
    publish(world)
    world.configure(f"[claude]\nstore = proxy:\nrole = {role}\n{WAITING}")
    (world.home / "calls").unlink()


def run_many(world, count):
    processes = [world.start("claude-p", "ok") for _ in range(count)]
    return [(*p.communicate(timeout=400), p.returncode) for p in processes]


def all_failed(world, runs):
    """Until so many clients have started and read the login there was."""
    seen = world.home / "runs"
    wait_for(lambda: seen.exists() and len(seen.read_text().split()) == runs)


@pytest.mark.parametrize("role, most", [("reader", 1), ("writer", 2)])
@pytest.mark.parametrize("lost, runs", [("refused", 100), ("absent", 50)])
def test_fifty_runs_share_one_pull(world, role, most, lost, runs):
    """A writer's pull is two gets: the shared and the renewable value."""
    machine(world, role)
    if lost == "refused":
        world.write_login(access=STALE, refresh=None)
    else:
        world.login_path.unlink()
    for out, err, status in run_many(world, 50):
        assert (out, status) == (b"ok\n", 0), err
        assert err.decode() in ("", RECOVERED.replace("the local store", "proxy"))
    assert 1 <= gets(world) <= most
    assert 50 <= len((world.home / "runs").read_text().split()) <= runs


def test_two_hundred_runs_and_killed_lock_holders(world):
    machine(world)
    world.write_login(access=STALE, refresh=None)
    processes = [world.start("claude-p", "ok") for _ in range(200)]
    dice = random.Random(7)
    victims = dice.sample(processes, 20)
    for victim in victims:
        time.sleep(dice.random() * 0.05)
        victim.kill()
    for process in processes:
        out, err = process.communicate(timeout=400)
        if process not in victims:
            assert (out, process.returncode) == (b"ok\n", 0), err
    assert world.access_token() == FRESH


def test_two_hundred_runs_cost_two_gets_at_most(world):
    machine(world)
    world.write_login(access=STALE, refresh=None)
    for out, err, status in run_many(world, 200):
        assert (out, status) == (b"ok\n", 0), err
    assert gets(world) <= 2


@pytest.mark.parametrize("runs", [1, 20])
def test_a_writer_that_publishes_soon_heals(world, runs):
    """The store has only what was refused; the writer's new login comes later."""
    world.program("claude", CLIENT)
    publish(world, access=STALE)
    world.configure(f"[claude]\nrole = reader\n{WAITING}")
    processes = [world.start("claude-p", "ok") for _ in range(runs)]
    all_failed(world, runs)
    elsewhere = world.home / "elsewhere"
    elsewhere.mkdir()
    held = world.login_path.read_bytes()
    store, = world.state.glob("*.db")
    env = {"CLAUDE_CONFIG_DIR": str(elsewhere), "XDG_STATE_HOME": str(elsewhere),
           "CREDRELAY_ROLE": "writer", "CREDRELAY_STORE": f"local:{store}"}
    (elsewhere / ".credentials.json").write_bytes(held.replace(STALE.encode(), FRESH.encode()))
    assert world.run("credrelay", "publish", "--force", env=env).status == 0
    for process in processes:
        out, err = process.communicate(timeout=400)
        assert (out, err.decode(), process.returncode) == (b"ok\n", RECOVERED, 0)


def test_a_person_who_logs_in_meanwhile_heals(world):
    world.program("claude", CLIENT)
    publish(world, access=STALE)
    world.configure(f"[claude]\nrole = reader\n{WAITING}")
    process = world.start("claude-p", "ok")
    all_failed(world, 1)
    world.write_login(access=FRESH)
    out, err = process.communicate(timeout=400)
    assert (out, err.decode(), process.returncode) == (b"ok\n", RECOVERED, 0)


def test_waiting_in_vain_is_waiting_together(world):
    world.program("claude", CLIENT)
    publish(world, access=STALE)
    world.configure(f"[claude]\nrole = reader\n{PATIENT}recover-wait = 2s\n")
    began = time.monotonic()
    for out, err, status in run_many(world, 20):
        assert status == 78
        assert out == (b"Failed to authenticate. API Error: 401 Invalid authentication "
                       b"credentials\n")
        assert err.endswith(b"log in on a writer: claude /login\n")
    assert time.monotonic() - began < 38  # one after the other it would be 40
