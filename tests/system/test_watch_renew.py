"""credrelay watch renews: the holder in its turn, the next in line after it, and what it says when it
cannot.  The client is the stand-in, which spends single-use refresh tokens."""
import signal
import time
from contextlib import ExitStack

import pytest

from harness.relay import LocalStore, fingerprint, join, wait_for
from harness.stepper import EVERYTHING
from harness.watch import Watcher

HOUR = 3600
SOON = 90


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


@pytest.fixture
def fleet(machines, store, api):
    """fleet(name, ..., readers=, away=) -> Worlds that share the store, each with the client.  Of the writers
    those AWAY are in line before the last: it takes so much longer until that one's turn."""
    def make(*names, readers=(), away=(), more="", **client):
        *first, last = [n for n in names if n not in readers]
        writers = ", ".join([*first, *away, last])
        worlds = machines(*names)
        for name, machine in zip(names, worlds):
            join(machine, store, "reader" if name in readers else "writer", f"writers = {writers}\n{more}")
            machine.install_client(api, retry_pause=0.01, **client)
        return worlds
    return make


def published(api, holder, *others, lifetime):
    """A login by a person on HOLDER that lasts LIFETIME seconds, everybody in step."""
    holder.human_login(api, lifetime=lifetime)
    for machine in (holder, *others):
        result = machine.run("credrelay", "sync")
        assert result.status == 0, result


def has_refresh_token(*machines):
    return [m.env["CREDRELAY_MACHINE"] for m in machines
            if m.read_login()["claudeAiOauth"].get("refreshToken")]


def watched(stack, *machines):
    return [stack.enter_context(Watcher(machine)) for machine in machines]


def test_the_holder_renews_and_all_have_it(fleet, store, api):
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    published(api, desk, laptop, server, lifetime=200)
    old = desk.access_token()
    with ExitStack() as stack:
        watchers = watched(stack, server, laptop, desk)
        wait_for(lambda: store.shared()["accessToken"] != old, SOON)
        for machine in (desk, laptop, server):
            wait_for(lambda: machine.access_token() == store.shared()["accessToken"], SOON)
        wait_for(lambda: watchers[2].relay()["login"].startswith(fingerprint(desk.access_token())))
    assert has_refresh_token(desk, laptop, server) == ["desk"]
    assert api.counts() | {"requests": 0} == {"requests": 0, "unauthorized": 0, "refreshes": 1, "refused": 0}
    assert not laptop.client_runs() and not server.client_runs()
    assert len(store.history()) == 2
    event, = desk.events("renew")
    assert (event["did"], event["took_over"]) == ("renewed", False)
    assert not any(w.events("failing") for w in watchers)


def test_the_next_in_line_takes_over(fleet, store, api):
    """The holder is off; the last waits for its own turn, a minute and a half later."""
    desk, laptop, tower = fleet("desk", "laptop", "tower", away=["attic", "cellar"])
    published(api, desk, laptop, tower, lifetime=115)
    old = store.shared()["accessToken"]
    with ExitStack() as stack:
        watched(stack, laptop, tower)
        wait_for(lambda: store.shared()["accessToken"] != old, SOON)
        wait_for(lambda: tower.access_token() == store.shared()["accessToken"], SOON)
    assert has_refresh_token(laptop, tower) == ["laptop"]
    assert store.renewable()[0] == "laptop"
    assert not tower.client_runs() and api.counts()["refreshes"] == 1
    assert laptop.events("renew")[0]["took_over"]


def test_a_renewal_that_is_refused_is_told_once_and_not_tried_again(fleet, store, api):
    desk, = fleet("desk")
    published(api, desk, lifetime=200)
    api.set(refuse_refreshes=True)
    before = store.shared()
    with Watcher(desk) as watcher:
        wait_for(lambda: desk.events("renew"), SOON)
        # Syncs go on, and none of them leads to another attempt.
        for _ in range(2):
            synced = len(desk.events("sync"))
            desk.login_path.unlink()
            wait_for(lambda: len(desk.events("sync")) > synced and desk.login_path.exists(), SOON)
    assert [e["did"] for e in desk.events("renew")] == ["refused"]
    assert api.counts()["refused"] == 1
    assert store.shared() == before
    assert desk.access_token() == before["accessToken"]
    assert has_refresh_token(desk) == []
    assert watcher.err.read_text() == ""
    incident, = [e for e in desk.events("incident") if e["open"]]
    assert incident["what"] == "renew"


def test_a_client_that_is_not_there_is_told(fleet, api):
    desk, = fleet("desk")
    published(api, desk, lifetime=200)
    (desk.bin / "claude").unlink()
    with Watcher(desk):
        wait_for(lambda: desk.events("incident"), SOON)
    incident, = desk.events("incident")
    assert (incident["what"], incident["open"]) == ("renew", True)
    assert "claude" in incident["message"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_a_renewal_outlives_the_watcher(fleet, store, api, how):
    """Ended between the client's refresh and its writing, it would take the login along."""
    desk, = fleet("desk")
    published(api, desk, lifetime=200)
    old = store.shared()["accessToken"]
    api.set(refresh_latency=1)
    with Watcher(desk) as watcher:
        wait_for(desk.client_runs, SOON)
        watcher.end(how)
    wait_for(lambda: store.shared()["accessToken"] != old, SOON)
    wait_for(lambda: desk.events("renew"), SOON)
    assert desk.access_token() == store.shared()["accessToken"]
    assert api.counts()["refreshes"] == 1


def test_a_reload_waits_for_a_renewal(fleet, store, api):
    desk, = fleet("desk")
    published(api, desk, lifetime=200)
    api.set(refresh_latency=1)
    with Watcher(desk) as watcher:
        wait_for(desk.client_runs, SOON)
        watcher.process.send_signal(signal.SIGHUP)
        wait_for(lambda: watcher.events("reload"), SOON)
        assert desk.events("renew")[0]["did"] == "renewed"
    assert api.counts()["refreshes"] == 1


def run_until(machine, condition):
    """Runs of MACHINE's, one after the other, until CONDITION(); those that failed."""
    failed, end = [], time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        run = machine.run("claude-p", "ok", timeout=300)
        if (run.status, run.out) != (0, "ok\n"):
            failed.append(run)
        time.sleep(0.2)
    return failed


def test_no_run_fails_when_a_refresh_revokes_the_login_before_it(fleet, store, api):
    desk, server = fleet("desk", "server", readers=["server"], more="recover-wait = 1min\n")
    published(api, desk, server, lifetime=200)
    api.set(refresh_revokes=True)
    with ExitStack() as stack:
        watched(stack, server, desk)
        assert run_until(server, lambda: len(server.client_runs()) > 5 and desk.events("renew")) == []
    assert api.counts()["refreshes"] == 1


# `make torture` goes on for as long as two months of renewals.
ROTATIONS = 200 if EVERYTHING else 12


def test_rotation_after_rotation(fleet, store, api):
    """Two writers and a reader, whose runs never stop; each login is near its end when it is made."""
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    published(api, desk, laptop, server, lifetime=271)
    api.set(access_lifetime=271)
    with ExitStack() as stack:
        watchers = watched(stack, server, laptop, desk)
        for number in range(2, ROTATIONS + 2):
            assert run_until(server, lambda: store.version() >= number) == []
    # One that has begun is let finish.
    wait_for(lambda: len(desk.events("renew")) == api.counts()["refreshes"], SOON)
    history = store.history()  # the last 100
    assert store.version() == api.counts()["refreshes"] + 1 >= ROTATIONS + 1  # one version for each
    assert len(set(history)) == len(history)  # and none twice
    assert all(token.startswith("sk-ant-oat01-") for token in history)  # none blank
    assert api.counts()["refused"] == 0
    assert {e["did"] for e in desk.events("renew")} == {"renewed"}
    assert not laptop.client_runs()
    assert not any(w.events("failing") for w in watchers)
