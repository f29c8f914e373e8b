"""credrelay watch when the store fails, and when it has news."""
import json
import os
import shutil
import signal
import time

import pytest

from harness.proxy_store import ProxyStore
from harness.relay import LocalStore, fingerprint, join, made_up, token, wait_for
from harness.watch import Watcher

AWAY = """
if not os.path.exists(HERE + '/open'):
    tell({"ok": False, "error": "unreachable", "message": "no route to the store", "hint": "wait"})
    sys.exit()
"""


@pytest.fixture
def away(world):
    """A writer whose store does not answer until it is opened."""
    proxy = ProxyStore(world, AWAY)
    world.configure(f"[claude]\nrole = writer\nstore = {proxy.url}\n")
    proxy.inside = LocalStore(proxy.database)
    proxy.inside.ask("get")  # made before two helpers meet at it
    proxy.open = (proxy.folder / "open").touch
    proxy.close = (proxy.folder / "open").unlink
    return proxy


def test_after_an_outage_the_store_has_exactly_the_last_login(world, away):
    """Five logins meanwhile.  The pace is the same after an hour (tests/unit/test_schedule.c)."""
    with Watcher(world) as watcher:
        for n in range(1, 6):
            world.write_login(made_up(n))
            wait_for(lambda: watcher.relay()["login"].startswith(fingerprint(token(n))))
        assert watcher.relay()["unpublished"] is True
        began = time.monotonic()
        away.open()
        wait_for(lambda: away.inside.shared())
        took = time.monotonic() - began
        wait_for(lambda: watcher.events("recovered"))
    assert away.inside.history() == [token(5)]
    assert took < 20  # two seconds, on a machine that is not ten times too busy
    assert [(e["error"], e["message"], e["hint"]) for e in watcher.events("failing")] == [
        ("unreachable", "proxy: no route to the store", "wait")]
    assert len(watcher.events("recovered")) == 1
    assert watcher.events("recovered")[0]["since"] > 0


def test_while_it_fails_it_says_so_once_and_since_when(world, away):
    with Watcher(world) as watcher:
        world.write_login(made_up(1))
        wait_for(lambda: away.calls().count("get") >= 3)
        relay = watcher.relay()
        assert (relay["error"], relay["message"], relay["hint"]) == (
            "unreachable", "proxy: no route to the store", "wait")
        assert relay["synced_at"] == 0
        since = relay["failing_since"]
    with Watcher(world) as watcher:
        assert watcher.relay()["failing_since"] == since
        away.open()
        wait_for(lambda: watcher.relay()["failing_since"] == 0)
    assert [e["since"] for e in watcher.events("recovered")] == [since]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_what_was_not_published_is_after_a_restart(world, away, how):
    with Watcher(world) as watcher:
        world.write_login(made_up(1))
        wait_for(lambda: watcher.relay().get("unpublished"))
        watcher.end(how)
    away.open()
    with Watcher(world):
        wait_for(lambda: (away.inside.shared() or {}).get("accessToken") == token(1))
    assert away.inside.history() == [token(1)]


def test_what_waited_for_the_gathering_is_published_after_a_restart(world, tmp_path):
    store = LocalStore(tmp_path / "store.db")
    join(world, store)
    with Watcher(world) as watcher:
        world.write_login(made_up(1))
        wait_for(lambda: store.shared())
        world.write_login(made_up(2))
        watcher.end(signal.SIGKILL)
    assert store.history() == [token(1)]
    with Watcher(world):
        wait_for(lambda: store.shared()["accessToken"] == token(2))


def test_a_store_that_never_answers_is_given_up_and_asked_again(world):
    proxy = ProxyStore(world, "time.sleep(3600)")
    world.configure(f"[claude]\nstore = {proxy.url}\ntimeout = 1s\n")
    with Watcher(world) as watcher:
        world.write_login(made_up(1))
        wait_for(lambda: watcher.events("failing"), 60)
        asked = proxy.calls().count("get")
        wait_for(lambda: proxy.calls().count("get") > asked, 60)
    assert [(e["error"], e["message"]) for e in watcher.events("failing")] == [
        ("unreachable", "proxy: no answer within 1 s")]


def test_another_failure_is_told(world):
    """Refused is not unreachable: somebody else has to act."""
    proxy = ProxyStore(world, AWAY)
    world.configure(f"[claude]\nstore = {proxy.url}\n")
    with Watcher(world) as watcher:
        world.write_login(made_up(1))
        wait_for(lambda: watcher.events("failing"))
        proxy.behave('tell({"ok": False, "error": "denied", "message": "no"}); sys.exit()')
        wait_for(lambda: len(watcher.events("failing")) == 2)
    assert [e["error"] for e in watcher.events("failing")] == ["unreachable", "denied"]


# -- news in the store -------------------------------------------------------------------------


def test_a_store_that_can_wait_is_waited_on(world, tmp_path):
    """A reader whose login is about to expire has the next one as soon as it is published."""
    proxy = ProxyStore(world)
    inside = LocalStore(proxy.database)
    inside.put(made_up(1, refresh=None, expires_in=120))
    world.configure(f"[claude]\nrole = reader\nstore = {proxy.url}\n")
    with Watcher(world):
        wait_for(lambda: "wait" in proxy.calls())
        asked = len(proxy.calls())
        inside.put(made_up(2, refresh=None), path="/claude/login")
        wait_for(lambda: world.login_path.exists() and world.access_token() == token(2))
        assert proxy.calls().count("wait") == 1
    assert asked >= 2


def test_a_store_that_cannot_wait_is_asked(world):
    """`unsupported` is said once and believed."""
    proxy = ProxyStore(world, """
if op == 'wait':
    tell({"ok": False, "error": "unsupported", "message": "no"}); sys.exit()
""")
    inside = LocalStore(proxy.database)
    inside.put(made_up(1, refresh=None, expires_in=120))
    world.configure(f"[claude]\nrole = reader\nstore = {proxy.url}\n")
    with Watcher(world) as watcher:
        wait_for(lambda: "wait" in proxy.calls())
        inside.put(made_up(2, refresh=None))
        wait_for(lambda: world.access_token() == token(2), 60)
    assert proxy.calls().count("wait") == 1
    assert watcher.events("failing") == []


# -- processes that fail -----------------------------------------------------------------------


def test_a_sync_that_is_killed_is_told_and_made_again(world):
    """By whoever: the kernel when memory is short."""
    proxy = ProxyStore(world, """
if now('get 1'):
    os.kill(os.getppid(), signal.SIGKILL); time.sleep(3600)
""")
    world.configure(f"[claude]\nstore = {proxy.url}\n")
    world.write_login(made_up(1))
    with Watcher(world) as watcher:
        wait_for(lambda: LocalStore(proxy.database).shared(), 60)
        wait_for(lambda: watcher.events("recovered"))
    assert [(e["error"], e["message"], e["hint"]) for e in watcher.events("failing")] == [
        ("failed", "the process that syncs ended without a word (signal 9)",
         "it is tried again by itself; what it depends on: credrelay doctor")]
