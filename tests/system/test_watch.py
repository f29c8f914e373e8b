"""credrelay watch: every way the login file can change, on a writer and on a reader."""
import itertools
import json
import os
import shutil
import time

import pytest

from harness.relay import LocalStore, fingerprint, join, made_up, token, wait_for
from harness.watch import Watcher
from harness.world import World

# Well within the 30 s after which the file is looked at in any case.
SOON = 20


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "store.db")


@pytest.fixture
def machine(world, store):
    join(world, store)
    return world


@pytest.fixture
def reader(world, store):
    """In step with a store that has login 1."""
    store.put(made_up(1, refresh=None))
    join(world, store, "reader")
    assert world.run("credrelay", "sync").status == 0
    return world


# -- how a login comes -------------------------------------------------------------------------


def rename_over(machine, path=None):
    path = path or machine.login_path
    new = path.with_name("new")
    new.write_text(json.dumps(made_up(2)))
    new.replace(path)


def rewrite_in_place(machine):
    machine.login_path.write_text(json.dumps(made_up(2)))


def make_the_folder(machine):
    machine.write_login(made_up(2))


def make_the_folder_anew(machine):
    shutil.rmtree(machine.login_path.parent)
    machine.write_login(made_up(2))


def move_the_folder_away(machine):
    machine.login_path.parent.rename(machine.home / "away")
    machine.write_login(made_up(2))


def move_a_folder_in(machine):
    other = World(machine.home / "other")
    other.write_login(made_up(2))
    for n in itertools.count():
        machine.login_path.parent.rename(machine.home / f"away-{n}")
        try:
            return other.login_path.parent.rename(machine.login_path.parent)
        except OSError:
            pass  # the watcher was faster, and has made it anew


def at_home(machine):
    machine.write_login(made_up(1))


def nothing(machine):
    pass


def linked(machine, n=1, name="elsewhere"):
    """The login is a link to a file in a folder of its own."""
    target = machine.home / name / "login.json"
    target.parent.mkdir()
    target.write_text(json.dumps(made_up(n)))
    if not machine.login_path.is_symlink():
        machine.login_path.parent.mkdir(mode=0o700)
        machine.login_path.symlink_to(target)
    return target


def point_the_link_elsewhere(machine):
    link = machine.login_path.with_name("link")
    link.symlink_to(linked(machine, 2, "another"))
    link.replace(machine.login_path)


def replace_the_target(machine):
    rename_over(machine, machine.home / "elsewhere" / "login.json")


def folder_is_a_link(machine):
    other = World(machine.home / "one")
    other.write_login(made_up(1))
    machine.login_path.parent.symlink_to(other.login_path.parent)


def point_the_folder_elsewhere(machine):
    other = World(machine.home / "two")
    other.write_login(made_up(2))
    link = machine.home / "link"
    link.symlink_to(other.login_path.parent)
    link.replace(machine.login_path.parent)


def a_hard_link(machine):
    machine.write_login(made_up(1))
    os.link(machine.login_path, machine.home / "same")


def write_the_hard_link(machine):
    (machine.home / "same").write_text(json.dumps(made_up(2)))


CHANGES = [  # (what is there before, what happens)
    (nothing, make_the_folder),
    (at_home, rename_over),
    (at_home, rewrite_in_place),
    (at_home, make_the_folder_anew),
    (at_home, move_the_folder_away),
    (at_home, move_a_folder_in),
    (linked, point_the_link_elsewhere),
    (linked, replace_the_target),
    (folder_is_a_link, point_the_folder_elsewhere),
    (a_hard_link, write_the_hard_link),
]


@pytest.mark.parametrize("before, change", CHANGES, ids=[c[1].__name__ for c in CHANGES])
def test_a_new_login_is_published(machine, store, before, change):
    before(machine)
    # In step already, so that nothing is published at the start (and then gathers the next one).
    machine.run("credrelay", "sync")
    with Watcher(machine) as watcher:
        watcher.synced()
        change(machine)
        wait_for(lambda: (store.shared() or {}).get("accessToken") == token(2), SOON)
        # A folder made anew may be met while it is away: then one change leads to both.
        wait_for(lambda: machine.events("sync")[-1]["local"] == fingerprint(token(2)))
    assert watcher.events("change")


# -- how one goes ------------------------------------------------------------------------------


def remove(machine):
    machine.login_path.unlink()


def blank(machine):
    stub = made_up(1)
    stub["claudeAiOauth"].update(accessToken="", refreshToken="", expiresAt=0)
    machine.write_login(stub)


def empty(machine):
    machine.login_path.write_text("")


def tear(machine):
    text = machine.login_path.read_text()
    machine.write_login(text[:len(text) // 2])


def garbage(machine):
    machine.login_path.write_bytes(b"\0\xff not JSON")


def log_out(machine):
    machine.write_login({"mcpOAuth": {}})


def remove_the_folder(machine):
    shutil.rmtree(machine.login_path.parent)


def move_the_folder(machine):
    machine.login_path.parent.rename(machine.home / "away")


def whole(machine):
    """Login 1 is in the file."""
    try:
        return machine.access_token() == token(1)
    except (OSError, ValueError, KeyError):
        return False


DAMAGES = [remove, blank, empty, tear, garbage, log_out, remove_the_folder, move_the_folder]


@pytest.mark.parametrize("damage", DAMAGES, ids=[d.__name__ for d in DAMAGES])
def test_a_damaged_login_is_restored(reader, damage):
    with Watcher(reader) as watcher:
        watcher.synced()
        damage(reader)
        wait_for(lambda: whole(reader), SOON)
        assert reader.login_mode() == "0o600"
        wait_for(lambda: watcher.relay()["did"] == "install_shared")
    assert reader.access_token() == token(1)


def test_a_reader_restores_again_and_again(reader):
    """Nothing it does itself is taken for a change, and restoring is not held up by it."""
    before = len(reader.events("sync"))
    with Watcher(reader) as watcher:
        watcher.synced()
        for n, damage in enumerate((remove, blank, tear), start=1):
            damage(reader)
            wait_for(lambda: len(reader.events("sync")) == before + n, SOON)
            assert whole(reader)
    assert [e["local"] for e in watcher.events("change")] == ["absent", "blank", "torn"]


def test_a_login_made_on_a_reader_is_kept_and_said(reader, store):
    with Watcher(reader) as watcher:
        watcher.synced()
        reader.write_login(made_up(2, expires_in=9 * 3600))
        wait_for(lambda: reader.events("sync")[-1]["why"] == "reader_keeps", SOON)
    assert reader.access_token() == token(2)
    assert store.history() == [token(1)]


def test_what_is_no_new_login_does_not_reach_the_store(world, tmp_path):
    """Another key of the file, the same login once more, its rights, its times."""
    from harness.proxy_store import ProxyStore
    proxy = ProxyStore(world)
    world.configure(f"[claude]\nrole = writer\nstore = {proxy.url}\n")
    world.write_login(made_up(1))
    assert world.run("credrelay", "sync").status == 0
    with Watcher(world) as watcher:
        watcher.synced()
        proxy.behave()
        world.write_login({**world.read_login(), "mcpOAuth": {"server": {"token": "TEST"}}})
        world.write_login(world.read_login())
        world.login_path.chmod(0o640)
        os.utime(world.login_path, (1, 1))
        # The next one does: all those before have been looked at by then.
        world.write_login(made_up(2))
        wait_for(lambda: "put" in proxy.calls(), SOON)
        wait_for(lambda: watcher.relay()["did"] == "publish")
    assert len(watcher.events("change")) == 1
    assert proxy.calls().count("put") == 1


def test_a_torn_write_settles(machine, store):
    """A client that rewrites in place, slowly, under its own lock: nobody gets in between."""
    machine.write_login(made_up(1))
    assert machine.run("credrelay", "sync").status == 0
    lock = machine.home / ".claude.lock"
    with Watcher(machine) as watcher:
        watcher.synced()
        text = json.dumps(made_up(2))
        lock.mkdir()
        with open(machine.login_path, "w") as file:
            for at in range(0, len(text), 40):
                file.write(text[at:at + 40])
                file.flush()
                os.utime(lock)  # as the client does: it is still alive
                time.sleep(0.05)
        lock.rmdir()
        wait_for(lambda: store.shared()["accessToken"] == token(2), 60)
    assert store.history() == [token(1), token(2)]
    assert machine.access_token() == token(2)


def test_a_burst_is_gathered(machine, store):
    """Thirty logins in a second: the first is published at once, and of the rest the last."""
    with Watcher(machine):
        for n in range(1, 31):
            machine.write_login(made_up(n))
            time.sleep(0.02)
        wait_for(lambda: (store.shared() or {}).get("accessToken") == token(30), 60)
    history = store.history()
    assert len(history) <= 2 and history[-1] == token(30)
