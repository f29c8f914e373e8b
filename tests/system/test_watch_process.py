"""credrelay watch as a process: one for each user, all relays, signals, output, what it costs."""
import json
import os
import shutil
import signal
import time

import pytest

from harness.person import Person
from harness.process import gone
from harness.proxy_store import ProxyStore
from harness.relay import LocalStore, fingerprint, join, made_up, token, wait_for
from harness.watch import ASAN, Watcher, status_of

DAY = 24 * 3600


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store.db")


@pytest.fixture
def machine(world, store):
    join(world, store)
    return world


# -- one for each user -------------------------------------------------------------------------


def test_the_second_says_who_runs(machine):
    with Watcher(machine) as watcher:
        for options in ((), ("--once",), ("--detach",)):
            second = machine.run("credrelay", "watch", *options)
            since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(watcher.state()["since"] // 1000))
            assert (second.status, second.out) == (75, "")
            assert second.err == (
                f"credrelay: watch: another watcher is running: process {watcher.process.pid}, since "
                f"{since}.{watcher.state()['since'] % 1000:03}Z\n"
                f"  it does it all; to end it: kill {watcher.process.pid}\n")
    assert Watcher(machine).__enter__().end() == 0


def test_a_killed_one_leaves_the_place(machine):
    with Watcher(machine) as watcher:
        watcher.end(signal.SIGKILL)
    with Watcher(machine) as watcher:
        watcher.synced()


# -- signals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_it_ends_at_once_and_cleanly(machine, name):
    with Watcher(machine) as watcher:
        watcher.synced()
        assert watcher.end(getattr(signal, name)) == 0
    assert [e["did"] for e in watcher.events()][-1] == "stop"
    assert watcher.err.read_text() == ""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")
def test_what_is_under_way_ends_with_it(world):
    """A store's helper that answers in an hour."""
    proxy = ProxyStore(world, "note('pids', str(os.getpid())); time.sleep(3600)")
    world.configure(f"[claude]\nstore = {proxy.url}\ntimeout = 1h\n")
    pids = proxy.folder / "pids"
    with Watcher(world) as watcher:
        wait_for(pids.exists)
        began = time.monotonic()
        assert watcher.end() == 0
        assert time.monotonic() - began < 20
    for pid in pids.read_text().split():
        wait_for(lambda: gone(int(pid)))


def test_sighup_reads_the_configuration_anew(machine, store, tmp_path):
    other = LocalStore(tmp_path / "other.db")
    both = (f"[claude]\nrole = writer\nstore = {store.url}\n"
            f"[codex]\ntool = codex\nrole = writer\nstore = {other.url}\n")
    with Watcher(machine) as watcher:
        watcher.synced()
        assert [r["relay"] for r in watcher.state()["relays"]] == ["claude"]
        machine.configure(both)
        watcher.process.send_signal(signal.SIGHUP)
        wait_for(lambda: [r["relay"] for r in watcher.state()["relays"]] == ["claude", "codex"])
        machine.write_login(made_up(1))
        wait_for(lambda: store.shared())
        machine.configure("[claude]\nrole = boss\n")
        watcher.process.send_signal(signal.SIGHUP)
        wait_for(lambda: watcher.err.read_text())
        assert watcher.end() == 0
    path = machine.home / ".config" / "credrelay" / "credrelay.conf"
    assert watcher.err.read_text().startswith(
        f"credrelay: watch: the configuration is as it was: {path}:2: role = boss is not valid\n"
        "  role takes reader|writer\n")
    assert [(e["relay"], e["did"]) for e in watcher.events() if e["did"] in ("start", "reload", "stop")] == [
        ("claude", "start"), ("claude", "reload"), ("codex", "reload"), ("claude", "stop"), ("codex", "stop")]


def test_sighup_syncs(machine, store):
    with Watcher(machine) as watcher:
        watcher.synced()
        machine.write_login(made_up(1))
        wait_for(lambda: store.shared())
        bare = made_up(2, refresh=None)
        store.put(bare)
        watcher.process.send_signal(signal.SIGHUP)
        wait_for(lambda: machine.access_token() == token(2))


# -- all relays --------------------------------------------------------------------------------



def codex_login(n):
    return {"auth_mode": "chatgpt", "OPENAI_API_KEY": None,
            "tokens": {"id_token": "TEST", "access_token": token(n), "refresh_token": f"TEST-r{n}",
                       "account_id": "TEST"},
            "last_refresh": f"2026-11-2{n}T00:00:00Z"}


def test_one_process_for_all_relays(world, tmp_path):
    """Each its own file, store and role; the folder of one is another's."""
    stores = [LocalStore(tmp_path / f"{n}.db") for n in range(2)]
    world.configure(f"[claude]\nrole = writer\nstore = {stores[0].url}\n"
                    f"[codex]\ntool = codex\nrole = writer\nstore = {stores[1].url}\n")
    codex = world.home / ".codex" / "auth.json"
    with Watcher(world) as watcher:
        codex.parent.mkdir()
        codex.write_text(json.dumps(codex_login(1)))
        world.write_login(made_up(1))
        wait_for(lambda: stores[0].shared())
        wait_for(lambda: stores[1].version("/codex/login"))
        wait_for(lambda: [r["did"] for r in watcher.state()["relays"]] == ["publish", "publish"])
    assert {e["relay"] for e in world.events("sync")} == {"claude", "codex"}


# -- the ways to run it ------------------------------------------------------------------------


def test_detached_it_is_ready_when_it_returns(machine, store):
    begun = machine.run("credrelay", "watch", "--detach")
    assert (begun.status, begun.err) == (0, "")
    pid = int(begun.out)
    try:
        assert json.loads((machine.state / "watch.json").read_text())["pid"] == pid
        machine.write_login(made_up(1))
        wait_for(lambda: store.shared())
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: gone(pid))


def test_detached_from_a_terminal_it_reloads_on_a_hang_up_signal(machine):
    """It has given the terminal back: SIGHUP is a wish, not the terminal's end."""
    with Person(machine, "credrelay", "watch", "--detach") as person:
        assert person.ends() == 0
    pid = int(person.screen)
    try:
        os.kill(pid, signal.SIGHUP)
        wait_for(lambda: gone(pid) or [e for e in machine.events("watch") if e["did"] in ("reload", "stop")], 60)
        assert [e["did"] for e in machine.events("watch") if e["did"] in ("reload", "stop")] == ["reload"]
    finally:
        if not gone(pid):
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: gone(pid))


def test_detached_it_says_why_it_cannot_begin(machine):
    machine.configure("[claude]\nrole = boss\n")
    begun = machine.run("credrelay", "watch", "--detach")
    path = machine.home / ".config" / "credrelay" / "credrelay.conf"
    assert (begun.status, begun.out) == (65, "")
    assert begun.err == (f"credrelay: watch: {path}:2: role = boss is not valid\n"
                         "  role takes reader|writer\n")


def test_once_and_detach_exclude_each_other(machine):
    result = machine.run("credrelay", "watch", "--once", "--detach")
    assert (result.status, result.err) == (
        64, "credrelay watch: --once and --detach exclude each other\n  see: credrelay watch --help\n")


ONCE = [  # (what is so, login, configuration, status, standard error)
    ("a login to publish", made_up(1), "", 0, ""),
    ("none anywhere", None, "", 78,
     "credrelay: claude: the store has no login yet\n  log in: claude /login\n"),
    ("a reader, and no writer has published", None, "role = reader\n", 75,
     "credrelay: claude: the store has no login yet\n  it comes when a writer publishes; on a writer: credrelay publish\n"),
]


@pytest.mark.parametrize("what, login, more, status, err", ONCE, ids=[row[0] for row in ONCE])
def test_once(world, what, login, more, status, err):
    world.configure(f"[claude]\n{more}")
    if login:
        world.write_login(login)
    result = world.run("credrelay", "watch", "--once", "--quiet")
    assert (result.status, result.out, result.err) == (status, "", err)


def test_it_says_what_it_does(machine, store):
    machine.write_login(made_up(1))
    result = machine.run("credrelay", "watch", "--once")
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        f"claude: watching {machine.login_path} (writer, {store.url})\n"
        f"claude: published login {fingerprint(token(1))}: the store has no login yet (version 1)\n"
        "claude: watched no more\n")


def test_a_log_that_cannot_be_written_is_said_once(world, tmp_path):
    """Whatever happens: it also says so in the processes that sync."""
    stores = [LocalStore(tmp_path / f"{n}.db") for n in range(2)]
    world.configure(f"[one]\nstore = {stores[0].url}\n[two]\nstore = {stores[1].url}\n")
    (world.state / "events.jsonl").mkdir(mode=0o700, parents=True)
    world.write_login(made_up(1))
    result = world.run("credrelay", "watch", "--once", "--quiet")
    assert (result.status, result.out) == (0, ""), result
    assert result.err == ("credrelay: the log could not be written, ignoring: "
                          f"cannot open {world.state}/events.jsonl: Is a directory\n")


def test_as_json_it_prints_the_log(machine):
    machine.write_login(made_up(1))
    result = machine.run("credrelay", "watch", "--once", "--json")
    assert [json.loads(line) for line in result.out.splitlines()] == machine.events()
    assert [(e["event"], e["did"]) for e in machine.events()] == [
        ("watch", "start"), ("sync", "publish"), ("watch", "stop")]


# -- the monthly cliff -------------------------------------------------------------------------

CLIFFS = [  # (role, days left, threshold, where)
    ("writer", 6.5, 7, "on machine-1, or another writer"),
    ("writer", 2.9, 3, "on machine-1, or another writer"),
    ("reader", 0.9, 1, "on a writer"),
    ("writer", 7.5, None, None),
]


@pytest.mark.parametrize("role, left, days, where", CLIFFS)
def test_the_deadline_is_told_once(world, store, role, left, days, where):
    login = made_up(1, expires_in=3600, deadline_in=left * DAY)
    if role == "reader":
        store.put(login)
    else:
        world.write_login(login)
    join(world, store, role)
    for _ in range(2):  # a restart tells nothing twice
        assert world.run("credrelay", "watch", "--once").status == 0
    told = world.events("deadline")
    assert [e["days"] for e in told] == ([days] if days else [])
    if days:
        units = {6.5: "6 d 11 h", 2.9: "2 d 21 h", 0.9: "21 h 35 min"}[left]
        assert told[0]["message"] == (f"the login ends in {units} and no renewal extends it: "
                                      f"somebody must log in {where}: claude /login")
        assert told[0]["deadline"] == login["claudeAiOauth"]["refreshTokenExpiresAt"]


# -- what it costs -----------------------------------------------------------------------------


@pytest.mark.skipif(ASAN or not os.path.isdir("/proc/self"), reason="memory of the program as installed")
def test_it_stays_small_and_still(machine, store):
    """After some work below 4 MiB, and asleep while nothing is due (but for one look in 30 s)."""
    with Watcher(machine) as watcher:
        machine.write_login(made_up(1))
        wait_for(lambda: watcher.relay().get("did") == "publish")
        for n in range(3):
            machine.login_path.unlink()
            wait_for(lambda: len(machine.events("sync")) == n + 2)
        pid = watcher.process.pid
        assert status_of(pid, "VmRSS") < 4096

        def woken_in(seconds):
            before = status_of(pid, "voluntary_ctxt_switches")
            time.sleep(seconds)
            return status_of(pid, "voluntary_ctxt_switches") - before

        # Between two looks nothing at all; in one it may have to wait for the disk.
        wait_for(lambda: woken_in(1) == 0)
        wait_for(lambda: woken_in(5) == 0)


# -- where changes cannot be watched -----------------------------------------------------------


@pytest.mark.skipif(not shutil.which("strace"), reason="refused with strace (Linux)")
def test_a_system_that_cannot_watch_is_looked_at(machine, store):
    strace = ["strace", "-f", "-o", "/dev/null", "-e", "inject=inotify_init1:error=EMFILE"]
    with Watcher(machine, before=strace, env={"ASAN_OPTIONS": "detect_leaks=0"}) as watcher:
        machine.write_login(made_up(1))
        wait_for(lambda: store.shared(), 25)
        os.kill(watcher.pid, signal.SIGTERM)
        watcher.status = watcher.process.wait(timeout=60)
    blind = watcher.events("blind")
    assert [(e["error"], e["message"], e["hint"]) for e in blind] == [
        ("io", "file changes cannot be watched: Too many open files",
         "raise the limit: sysctl fs.inotify.max_user_instances=1024")]
