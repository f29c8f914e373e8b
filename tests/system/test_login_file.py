"""The credentials file under pull and publish: what is kept, who else writes, what a kill leaves.
Where the file is and what refuses it is in test_file_matrix.py."""
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from harness.proxy_store import ProxyStore
from harness.relay import LocalStore, join, made_up, refresh_token, snapshot, token, wait_for

BARE = '{"claudeAiOauth":{"accessToken":"%s","expiresAt":%d,"scopes":["a"]}}'


@pytest.fixture
def store(tmp_path):
    """A store that holds login 1."""
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    store.put(shared(1))
    return store


@pytest.fixture
def reader(world, store):
    join(world, store, role="reader")
    world.login_path.parent.mkdir(mode=0o700)
    return world


def shared(n, **more):
    return made_up(n, refresh=None, **more)


def pull(world, status=0, **options):
    result = world.run("credrelay", "pull", **options)
    assert result.status == status, result
    return result


def left_over(world):
    """Names that should not be there after a run: temporary files, locks."""
    return [str(p) for p in world.home.rglob("*") if ".credrelay-" in p.name or
            (p.name.endswith(".lock") and p.is_dir())]


# -- what stands beside the login ----------------------------------------------------------------

BESIDE = '"mcpOAuth":{"pad":"%s","escaped":"\\u00e9\\/"}' % ("x" * 300_000)
FILES = {  # {login} is where the login's value goes
    "300 KB beside": f'{{{BESIDE},"claudeAiOauth":{{login}}}}',
    "numbers of any size": '{"a":12345678901234567890,"claudeAiOauth":{login},"b":1e400,"c":0.10,"d":-0}',
    "spacing": '\n{ "z" : 1 ,\n\t"claudeAiOauth" :\t{login} , "a":[ ]\r\n}\n\n',
    "key twice elsewhere": '{"a":{"claudeAiOauth":1},"a":2,"claudeAiOauth":{login}}',
    "not UTF-8": '{"a":"\xff\xfe","claudeAiOauth":{login}}',
    "alone": '{"claudeAiOauth":{login}}',
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_every_other_byte_is_kept(reader, store, text):
    text = text.encode("latin-1")
    reader.write_login(text.replace(b"{login}", json.dumps(shared(0, expires_in=60)["claudeAiOauth"]).encode()))
    pull(reader)
    new = json.dumps(json.loads(store.ask("get")["value"])["claudeAiOauth"]).encode()
    assert reader.login_path.read_bytes() == text.replace(b"{login}", new)


@pytest.mark.parametrize("text,expected", [
    (b"{}", b'{"claudeAiOauth":LOGIN}'),
    (b' { "a": 1 }\n', b' {"claudeAiOauth":LOGIN, "a": 1 }\n'),
    (b'{"claudeAiOauth":null,"a":1}', b'{"claudeAiOauth":LOGIN,"a":1}'),
    (b"", b'{"claudeAiOauth":LOGIN}'),
])
def test_where_a_login_is_put(reader, store, text, expected):
    reader.write_login(text)
    pull(reader)
    new = json.dumps(json.loads(store.ask("get")["value"])["claudeAiOauth"]).encode()
    assert reader.login_path.read_bytes() == expected.replace(b"LOGIN", new)


def test_unknown_keys_of_the_login_are_relayed(machines, store):
    desk, server = machines("desk", "server")
    join(desk, store)
    join(server, store, role="reader")
    desk.write_login(made_up(2, later="1", nested={"b": 0.1, "a": [None, True]}))
    for machine in (desk, server):
        assert machine.run("credrelay", "sync").status == 0
    here, there = (m.read_login()["claudeAiOauth"] for m in (desk, server))
    assert list(there.items()) == [i for i in here.items() if i[0] != "refreshToken"]


def test_the_folder_may_be_elsewhere(reader):
    moved = reader.home / "else where"
    pull(reader, env={"CLAUDE_CONFIG_DIR": f"{moved}/"})
    assert json.loads((moved / ".credentials.json").read_text())["claudeAiOauth"]["accessToken"] == token(1)
    assert stat.S_IMODE(moved.stat().st_mode) == 0o700
    assert not reader.login_path.exists()
    assert left_over(reader) == []


# -- modes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize("before", [None, 0o644])
def test_modes(reader, mask, before):
    shutil.rmtree(reader.login_path.parent)
    if before:
        reader.write_login("")
        reader.login_path.chmod(before)
        reader.login_path.parent.chmod(0o700)
    pull(reader, preexec_fn=lambda: os.umask(mask))
    assert reader.login_mode() == "0o600"
    for path in [reader.login_path.parent, *reader.state.rglob("*"), reader.state]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.skipif(not shutil.which("strace"), reason="watched with strace (Linux)")
def test_the_file_is_private_from_birth(reader):
    """Every file is made 0600 by the call that makes it; the order of the rest is kept as well."""
    trace = reader.home / "trace"
    reader.run("strace", "-o", trace, "-e", "trace=openat,open,creat,rename,renameat,renameat2,fsync,chmod,fchmod",
               "credrelay", "pull", env={"ASAN_OPTIONS": "detect_leaks=0"}, preexec_fn=lambda: os.umask(0))
    calls = trace.read_text().splitlines()
    made = [c for c in calls if "O_CREAT" in c]
    assert made and all(re.search(r", 0600\) = \d+$", c) for c in made), made
    temporary = [i for i, c in enumerate(calls) if "O_EXCL" in c and ".credentials.json.credrelay-" in c]
    renamed = [i for i, c in enumerate(calls) if c.startswith("rename") and ".credentials.json" in c]
    synced = [i for i, c in enumerate(calls) if c.startswith("fsync")]
    assert temporary[0] < synced[0] < renamed[0] < synced[1]
    assert not [c for c in calls if "chmod" in c]


# -- the client's lock ---------------------------------------------------------------------------


def client_lock(world, age=0):
    lock = world.home / ".claude.lock"
    lock.mkdir()
    os.utime(lock, (time.time() - age,) * 2)
    return lock


def test_a_fresh_lock_is_waited_for(reader):
    lock = client_lock(reader)
    process = reader.start("credrelay", "pull")
    time.sleep(0.7)
    assert process.poll() is None and not reader.login_path.exists()
    lock.rmdir()
    assert process.wait(timeout=60) == 0
    process.communicate()
    assert reader.access_token() == token(1) and not lock.exists()


def test_a_lock_that_is_kept_up_is_never_broken(reader):
    reader.write_login("")
    lock = client_lock(reader)
    process = reader.start("credrelay", "pull")
    while process.poll() is None:
        os.utime(lock)
        time.sleep(0.2)
    out, err = process.communicate()
    assert (process.returncode, out.decode(), err.decode()) == (
        75, "", f"credrelay: pull: the client has held its lock {lock} for 8 s\n"
                f"  try again in a minute; if it persists: ls -ld '{lock}'\n")
    assert lock.is_dir() and reader.login_path.read_bytes() == b""


def test_a_stale_lock_is_taken_over(reader):
    lock = client_lock(reader, age=15)
    assert pull(reader).seconds < 7
    assert reader.access_token() == token(1) and not lock.exists()


def test_a_lock_that_gets_stale_meanwhile(reader):
    client_lock(reader, age=7)
    assert 0.5 < pull(reader).seconds < 30
    assert reader.access_token() == token(1)


def test_nothing_to_write_needs_no_lock(reader):
    pull(reader)
    client_lock(reader)
    assert pull(reader).seconds < 7


def test_the_lock_is_held_while_the_file_is_replaced(reader):
    """A client that comes meanwhile waits: strace slows the rename down."""
    if not shutil.which("strace"):
        pytest.skip("slowed down with strace (Linux)")
    process = reader.start("strace", "-o", "/dev/null", "-e", "inject=rename:delay_enter=500000",
                           "credrelay", "pull", env={"ASAN_OPTIONS": "detect_leaks=0"})
    lock, seen = reader.home / ".claude.lock", False
    while not reader.login_path.exists() and process.poll() is None:
        seen |= lock.is_dir()
        time.sleep(0.01)
    process.communicate(timeout=60)
    assert seen and not lock.exists()


# -- others write --------------------------------------------------------------------------------

WHILE_THE_STORE_IS_ASKED = {  # what somebody puts into the file meanwhile; what is there in the end
    "a newer login": (made_up(3, expires_in=9 * 3600), 3),
    "a blank one": ({"claudeAiOauth": {"accessToken": "", "refreshToken": "", "expiresAt": 0, "scopes": []}}, 1),
    "the same again": (made_up(0, expires_in=60), 1),
    "nothing": ("", 1),
}


@pytest.mark.parametrize("meanwhile,winner", WHILE_THE_STORE_IS_ASKED.values(), ids=WHILE_THE_STORE_IS_ASKED)
def test_a_login_made_during_the_pull_is_not_overwritten(world, store, meanwhile, winner):
    proxy = ProxyStore(world, "while not os.path.exists(HERE + '/go'): time.sleep(0.01)", store.path)
    join(world, proxy, role="reader")
    world.write_login(made_up(0, expires_in=60))
    process = world.start("credrelay", "pull")
    wait_for(proxy.calls)
    world.write_login(meanwhile)
    (proxy.folder / "go").touch()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert world.access_token() == token(winner)


@pytest.mark.skipif(not shutil.which("strace"), reason="slowed down with strace (Linux)")
def test_a_client_that_writes_in_place_is_waited_for(world, store):
    """Up to 2.1.100 the file is empty, then torn, for a moment: no reason to publish or replace.  The
    moment is 125 ms; strace draws it out, so that whoever writes is not late on a loaded machine."""
    join(world, store)
    content = json.dumps(made_up(2, expires_in=9 * 3600)).encode()
    world.write_login(content[:40])
    trace = world.home / "trace"
    process = world.start("strace", "-o", trace, "-e", "trace=openat,clock_nanosleep",
                          "-e", "inject=clock_nanosleep:delay_enter=1000000", "credrelay", "publish",
                          env={"ASAN_OPTIONS": "detect_leaks=0"})
    wait_for(lambda: trace.exists() and str(world.login_path) in trace.read_text())
    world.login_path.write_bytes(content)
    process.communicate(timeout=60)
    assert (process.returncode, store.shared()["accessToken"]) == (0, token(2))


def number(text):
    """The login's number; fails on anything but a whole file with a usable login."""
    oauth = json.loads(text)["claudeAiOauth"]
    assert oauth["scopes"] and oauth["expiresAt"] > 0
    return int(oauth["accessToken"].rpartition("-")[2])


class Watcher(threading.Thread):
    """Reads the file again and again, as long as the block under `with` runs."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.stopped, self.wrong, self.looks, self.last = path, False, [], 0, 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.join()

    def run(self):
        while not self.stopped:
            time.sleep(0.0005)
            try:
                text = self.path.read_bytes()
                n = number(text)
            except (OSError, ValueError, KeyError, TypeError, AssertionError) as problem:
                self.wrong.append(repr(problem))
                continue
            if n < self.last:
                self.wrong.append(f"{self.last} was followed by {n}")
            self.last, self.looks = n, self.looks + 1


CLIENT = """
import json, os, sys, time
path, lock, seconds = sys.argv[1:]
end = time.monotonic() + float(seconds)
while time.monotonic() < end:
    try:
        os.mkdir(lock)
    except FileExistsError:
        time.sleep(0.01)
        continue
    content = json.load(open(path))
    oauth = content["claudeAiOauth"]
    kind, _, n = oauth["accessToken"].rpartition("-")
    oauth["accessToken"] = f"{kind}-{int(n) + 1:06}"
    oauth["refreshToken"] = f"sk-ant-ort01-TEST-{int(n) + 1:06}"
    oauth["expiresAt"] += 1
    with open(path + ".tmp.12345678", "x", opener=lambda p, f: os.open(p, f, 0o600)) as new:
        json.dump(content, new)
    os.replace(path + ".tmp.12345678", path)
    os.rmdir(lock)
    time.sleep(0.05)
"""


SECONDS, LEAST = 8, 24


def crowd(world, seconds):
    """Sixteen commands at any time for so long, and LEAST of them on a slow machine; [(exit status, stderr)]."""
    ended, running = [], []
    commands = (["sync"], ["pull"], ["publish"], ["sync", "--json"])
    end, n = time.monotonic() + seconds, 0
    while running or time.monotonic() < end:
        while len(running) < 16 and (time.monotonic() < end or n < LEAST):
            running.append(world.start("credrelay", *commands[n % 4], stdout=subprocess.DEVNULL))
            n += 1
        over = [p for p in running if p.poll() is not None]
        running = [p for p in running if p not in over]
        ended += [(p.returncode, p.communicate()[1]) for p in over]
        time.sleep(0.01)
    return ended


def test_everybody_at_once(world, store):
    """Pulls, publications and a client that refreshes: the file is whole at every moment, and goes
    forward."""
    join(world, store, more="timeout = 30s\n")
    world.write_login({"mcpOAuth": {"pad": "x" * 20_000}, **made_up("000001", expires_in=9 * 3600)})
    assert world.run("credrelay", "publish").status == 0
    with Watcher(world.login_path) as watcher:
        client = world.start(sys.executable, "-IS", "-c", CLIENT, world.login_path,
                             world.home / ".claude.lock", str(SECONDS))
        statuses = crowd(world, SECONDS)
        client_said = client.communicate(timeout=60)
    assert (client.returncode, *client_said) == (0, b"", b"")
    assert watcher.wrong == [] and watcher.looks > 50
    assert len(statuses) > 20
    # 75: another was faster each time; 65: what was to be published was just replaced
    assert {status for status, _ in statuses} <= {0, 65, 75}, statuses
    assert world.run("credrelay", "sync").status == 0
    assert world.access_token() == store.shared()["accessToken"]
    assert number(world.login_path.read_text()) == watcher.last > 3
    versions = [int(t.rpartition("-")[2]) for t in store.history()]
    assert versions == sorted(versions)
    assert len(world.read_login()["mcpOAuth"]["pad"]) == 20_000
    assert left_over(world) == []
    assert sorted(p.name for p in world.login_path.parent.iterdir()) == [".credentials.json"]


# -- killed --------------------------------------------------------------------------------------


def age_locks(world):
    """As if ten seconds had passed: who died with the client's lock cannot give it back."""
    for lock in world.home.glob(".claude.lock*"):
        os.utime(lock, (time.time() - 60,) * 2)


def test_killed_at_any_moment(reader, store):
    old = {"mcpOAuth": {"pad": "x" * 200_000}, **shared(0, expires_in=60)}
    reader.write_login(old)
    whole = pull(reader).seconds
    new = reader.read_login()
    chance = random.Random(50)
    for _ in range(50):
        reader.write_login(old)
        (reader.state / "claude.json").unlink(missing_ok=True)
        process = reader.start("credrelay", "pull", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, whole * 1.1))
        process.kill()
        process.wait()
        assert reader.read_login() in (old, new)
        assert reader.login_mode() == "0o600"
        age_locks(reader)
    reader.write_login(old)
    pull(reader)
    assert reader.read_login() == new
    assert left_over(reader) == []


@pytest.mark.skipif(not shutil.which("strace"), reason="killed with strace (Linux)")
@pytest.mark.parametrize("call", ["mkdir:when=1", "openat:when=O_EXCL", "write:when=FILE", "fsync:when=1",
                                  "rename:when=1", "fsync:when=2", "rmdir:when=1"])
def test_killed_at_a_step(reader, store, call):
    """At each step of replacing the file; the next runs put everything right.  A lock that a killed
    run holds is taken over by whoever writes next."""
    name, _, when = call.partition(":when=")
    old = shared(0, expires_in=60)
    reader.write_login(old)
    if not when.isdigit():
        when = place_of(reader, name, when)
        reader.write_login(old)
    (reader.state / "claude.json").unlink(missing_ok=True)
    reader.run("strace", "-o", "/dev/null", "-e", f"inject={name}:signal=KILL:when={when}", "credrelay", "pull",
               env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert reader.access_token() in (token(0), token(1))
    age_locks(reader)
    pull(reader)
    assert reader.access_token() == token(1) and reader.login_mode() == "0o600"
    store.put(shared(2))
    pull(reader)
    assert reader.access_token() == token(2) and left_over(reader) == []
    assert refresh_token(0) not in reader.login_path.read_text()


def place_of(world, name, what):
    """The number, among calls of NAME, of the one that makes or fills the temporary file."""
    trace = world.home / "trace"
    world.run("strace", "-o", trace, "-e", f"trace={name},openat", "credrelay", "pull",
              env={"ASAN_OPTIONS": "detect_leaks=0"})
    fd, number = None, 0
    for line in trace.read_text().splitlines():
        number += line.startswith(f"{name}(")
        if ".credentials.json.credrelay-" in line and "O_EXCL" in line:
            if what == "O_EXCL":
                return number
            fd = line.rpartition("= ")[2]
        elif fd and line.startswith(f"{name}({fd},"):
            return number
    raise AssertionError("the file was not written")


def test_leftovers_of_others_are_left(reader):
    """The client's own temporary files, and somebody's backup, are none of ours."""
    names = [".credentials.json.tmp.12345678", ".credentials.json.bak", ".other.credrelay-12345678"]
    for name in names:
        (reader.login_path.parent / name).touch()
    (reader.login_path.parent / "..credentials.json.credrelay-12345678").touch()
    pull(reader)
    assert sorted(p.name for p in reader.login_path.parent.iterdir()) == sorted([*names, ".credentials.json"])


def test_signals_leave_nothing(world, store):
    """Ended while it waits for the store."""
    proxy = ProxyStore(world, "time.sleep(60)", store.path)
    join(world, proxy, role="reader")
    world.write_login(made_up(0))
    before = snapshot(world.login_path.parent)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process = world.start("credrelay", "pull")
        wait_for(proxy.calls)
        proxy.behave("time.sleep(60)")
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == -number
    assert snapshot(world.login_path.parent) == before and left_over(world) == []
