"""What is the embedded store's own: who may open the database, and what becomes of a bad one."""
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import time

import pytest

from harness.relay import wait_for
from harness.rights import obey_permissions
from harness.somebody import Mounts, become, can_mount
from harness.stores import SECRET, is_whole, value
from harness.world import FAKE


@pytest.fixture
def folder(local):
    """The folder of the database, not made yet."""
    return local.world.home / "stores"


@pytest.fixture
def database(folder):
    return folder / "one.db"


def modes(folder):
    return {p.name: oct(stat.S_IMODE(p.lstat().st_mode)) for p in folder.iterdir()}


def start_waiting(local, folder, **popen):
    """A wait that has the database open: only then are -wal and -shm there."""
    waiting = local.start(local.request("wait", version=2, deadline_ms=60_000), **popen)
    wait_for(lambda: (folder / "one.db-wal").exists() and (folder / "one.db-shm").exists())
    return waiting


def refused(local, error, message, hint, op="get", **popen):
    """The store must be refused in these words."""
    fields = {"value": value(2), "expect": 1} if op == "put" else {}
    answer = local.tell(local.request(op, **fields), **popen)
    assert answer == {"ok": False, "error": error, "message": message, "hint": hint}


# -- where it is -------------------------------------------------------------------------------

PLACES = [  # url, environment, where the database must be in HOME
    ("local:", {}, ".local/state/credrelay/store.db"),
    ("local:", {"XDG_STATE_HOME": "{home}/state"}, "state/credrelay/store.db"),
    ("local:", {"XDG_STATE_HOME": "relative"}, ".local/state/credrelay/store.db"),
    ("local:~/a/b/c.db", {}, "a/b/c.db"),
    ("local:{home}/with space/c.db", {}, "with space/c.db"),
]


@pytest.mark.parametrize("url,env,place", PLACES)
def test_where_the_database_is(local, url, env, place):
    home = local.world.home
    local.url = url.format(home=home)
    local.env = {key: text.format(home=home) for key, text in env.items()}
    assert local.put(value(1), expect=0)["ok"]
    made = home / place
    assert made.is_file()
    assert modes(made.parent) == {made.name: "0o600"}
    while made.parent != home:
        made = made.parent
        assert stat.S_IMODE(made.stat().st_mode) == 0o700, made


DEEP = "/".join(["d" * 100] * 6)
BAD_URLS = [
    ("local:stores/one.db", "'local:stores/one.db' is relative: it would be another store in each folder",
     "give the whole path, or one from the home folder: store = local:~/stores/one.db"),
    ("local:~other/one.db", "'local:~other/one.db' is relative: it would be another store in each folder",
     "give the whole path, or one from the home folder: store = local:~/~other/one.db"),
    ("local:/srv/", "'local:/srv/' names a folder, not a file",
     "name the file in it: store = local:/srv/store.db"),
    (f"local:/{DEEP}", "SQLite takes no path of more than 504 bytes: /" + DEEP[:63] + "...",
     "name a shorter one: store = local:/PATH/store.db"),
]


@pytest.mark.parametrize("url,message,hint", BAD_URLS)
def test_a_bad_url(local, url, message, hint):
    local.url = url
    refused(local, "invalid", message, hint)


@pytest.mark.skipif(not can_mount(), reason="needs mount namespaces")
def test_without_home(local, tmp_path):
    """Where the list of users says that it is, as the program finds it; with a list of our own."""
    home, users = local.world.home, tmp_path / "passwd"
    local.url, local.env = "local:", {"HOME": ""}
    for listed in ("", "".join(f"u{uid}:x:{uid}:0::{home}:/bin/sh\n" for uid in {0, os.getuid()})):
        users.write_text(listed)
        with Mounts(f"mount --bind {users} /etc/passwd") as mounts:
            assert mounts.path("/etc/passwd").read_text() == listed
            if not listed:
                refused(local, "invalid", "HOME is not set, so there is no place for the store",
                        "say where it is: store = local:/PATH/store.db", preexec_fn=mounts.enter)
            else:
                assert local.tell(local.request("put", value=value(1), expect=0), preexec_fn=mounts.enter)["ok"]
                local.world.configure("[claude]\n")
                local.world.write_login()
                published = local.world.run("credrelay", "publish", env=local.env, preexec_fn=mounts.enter)
                assert published.status == 0, published
    state = home / ".local" / "state" / "credrelay"
    assert (state / "store.db").is_file() and (state / "claude.json").is_file()


def test_the_longest_path(local, folder):
    """SQLite puts "-journal" at its end."""
    for length, fits in ((504, True), (505, False)):
        name = "x" * 200
        folders = str(folder).ljust(length - len(name) - 1, "d")
        local.url = f"local:{folders}/{name}"
        answer = local.put(value(1), expect=0)
        assert (answer["ok"], answer.get("error")) == (fits, None if fits else "invalid"), answer


def test_a_link_in_the_folders_is_followed(local, folder):
    (local.world.home / "real").mkdir(mode=0o700)
    folder.symlink_to(local.world.home / "real")
    assert local.put(value(1), expect=0)["ok"]
    assert (local.world.home / "real" / "one.db").is_file()


# -- who may open it ---------------------------------------------------------------------------


def test_every_file_is_private_while_in_use(local, folder):
    assert local.put(value(1), expect=0)["ok"]
    waiting = start_waiting(local, folder, umask=0)
    assert local.put(value(2), expect=1)["ok"]
    seen = modes(folder)
    assert seen == {"one.db": "0o600", "one.db-wal": "0o600", "one.db-shm": "0o600"}
    assert local.put(value(3), expect=2)["ok"]
    waiting.communicate(timeout=30)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o602, 0o610], ids=oct)
def test_a_database_that_is_open_to_others(local, database, mode):
    assert local.put(value(1), expect=0)["ok"]
    database.chmod(mode)
    refused(local, "denied", f"others can open the store {database} (mode {mode:04o})",
            f"close it, and log in again if somebody may have read it: chmod 600 '{database}'")
    database.chmod(0o600)
    assert local.ask("get")["value"] == value(1)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777], ids=oct)
def test_a_folder_that_others_can_write(local, folder, mode):
    assert local.put(value(1), expect=0)["ok"]
    folder.chmod(mode)
    refused(local, "denied", f"others can write in {folder} (mode {mode:04o}), where the store is",
            f"close it: chmod go-w '{folder}'")


def test_a_database_of_somebody_else(local, database):
    me, owner, path = os.geteuid(), 0, "/etc/passwd"
    if me == 0:  # then we can make one; anybody else finds one
        assert local.put(value(1), expect=0)["ok"]
        owner, path = 65534, database
        os.chown(path, owner, -1)
    local.url = f"local:{path}"
    refused(local, "denied", f"{path} belongs to user {owner} and this is user {me}",
            f"run as that user, or take it over: sudo chown {me} '{path}'")


@pytest.mark.skipif(os.geteuid() != 0, reason="root can make a folder of somebody else's")
def test_a_folder_of_somebody_else(local, folder):
    folder.mkdir(mode=0o755)
    os.chown(folder, 65534, -1)
    refused(local, "denied", f"{folder} belongs to user 65534 and this is user 0",
            f"run as that user, or take it over: sudo chown 0 '{folder}'")


def test_a_folder_of_roots(local):
    """It is believed, and then refuses by itself."""
    local.url = "local:/store.db"
    refused(local, "denied", "cannot make the store /store.db: Permission denied",
            "the folder must be yours and writable: ls -ld '/'", preexec_fn=lambda: become(65534))


def test_a_symbolic_link(local, folder, database):
    folder.mkdir(mode=0o700)
    target = local.world.home / "elsewhere.db"
    for _ in range(2):  # dangling, then not
        database.unlink(missing_ok=True)
        database.symlink_to(target)
        refused(local, "invalid", f"the store {database} is a symbolic link",
                f"configure the path it points to: readlink '{database}'")
        target.touch(0o600)
    assert target.read_bytes() == b""


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_what_is_no_file(local, folder, database, make):
    folder.mkdir(mode=0o700)
    make(database)
    refused(local, "invalid", f"the store {database} is not a regular file",
            f"move it away: mv '{database}' '{database}'.old")


# -- a file system that refuses ----------------------------------------------------------------


def test_no_folder_can_be_made(local, folder):
    local.world.home.chmod(0o500)
    answer = local.tell(local.request("get"), preexec_fn=obey_permissions)
    local.world.home.chmod(0o700)
    assert answer == {"ok": False, "error": "denied",
                      "message": f"the store's folder: cannot make folder {folder}: Permission denied",
                      "hint": f"it must be yours, and open to you: ls -ld '{local.world.home}'"}


def test_a_folder_that_cannot_be_passed_through(local, folder, database):
    folder.mkdir(mode=0o600)
    refused(local, "denied", f"cannot open the store {database}: Permission denied",
            f"it must be yours, and open to you: ls -ld '{database}'", preexec_fn=obey_permissions)


def test_an_empty_folder_that_is_read_only(local, folder, database):
    folder.mkdir(mode=0o500)
    refused(local, "denied", f"cannot make the store {database}: Permission denied",
            f"the folder must be yours and writable: ls -ld '{folder}'", preexec_fn=obey_permissions)


def writable(database):
    return ("the file and its folder must be writable: "
            f"chmod u+rwx '{database.parent}/' && chmod 600 '{database}'")


@pytest.mark.parametrize("op", ["get", "put"])
def test_a_store_in_a_folder_that_is_read_only(local, folder, database, op):
    """SQLite needs its -wal and -shm beside the database, even to read."""
    assert local.put(value(1), expect=0)["ok"]
    folder.chmod(0o500)
    refused(local, "denied", f"the store {database}: it cannot be written", writable(database),
            op=op, preexec_fn=obey_permissions)
    folder.chmod(0o700)
    assert local.ask("get")["value"] == value(1)


def test_a_database_that_is_read_only(local, database):
    assert local.put(value(1), expect=0)["ok"]
    database.chmod(0o400)
    refused(local, "denied", f"the store {database}: it cannot be written", writable(database),
            op="put", preexec_fn=obey_permissions)
    database.chmod(0o600)
    assert local.ask("get")["value"] == value(1)


@pytest.mark.parametrize("room", [0, 1 << 10, 16 << 10, 36 << 10, 60 << 10])
def test_no_room_for_a_put(local, database, room):
    """A limit on the size of files refuses writes as a full disk does; wherever the first one is
    refused, the value before stays."""
    assert local.put(value(1), expect=0)["ok"]
    answer = local.tell(local.request("put", value=value(2, 60_000), expect=1),
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    assert (answer["ok"], answer["error"]) == (False, "io"), answer
    assert answer["message"].startswith(f"the store {database}: the disk refused")
    assert answer["hint"] == f"look at the disk, nothing was lost: df -h '{database}'"
    assert local.ask("get")["value"] == value(1)
    assert local.put(value(2), expect=1)["ok"]


def test_no_room_for_a_new_database(local, database):
    answer = local.tell(local.request("put", value=value(1), expect=0),
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    assert answer == {"ok": False, "error": "io", "message": f"the store {database}: the disk refused: File too large",
                      "hint": f"look at the disk, nothing was lost: df -h '{database}'"}
    assert local.put(value(1), expect=0)["ok"]


ROOM = "make room, nothing was lost: df -h"
LOOK = "look at the disk, nothing was lost: df -h"
FAULTS = [  # which call of a put is answered how, and what we make of it
    ("pwrite64:error=ENOSPC:when=1+", "the disk is full: No space left on device", ROOM),  # -shm
    ("pwrite64:error=ENOSPC:when=9+", "the disk is full", ROOM),  # -wal
    ("pwrite64:error=ENOSPC:when=11+", "the disk is full", ROOM),
    ("pwrite64:error=EDQUOT:when=1+", "the disk is full: Disk quota exceeded", ROOM),
    ("pwrite64:error=EIO:when=1+", "the disk refused: Input/output error", LOOK),
    ("pwrite64:error=EIO:when=9+", "the disk refused", LOOK),
    ("fdatasync:error=EIO:when=1+", "the disk refused", LOOK),
]


@pytest.mark.skipif(not shutil.which("strace"), reason="faults are injected with strace (Linux)")
@pytest.mark.parametrize("fault,what,hint", FAULTS, ids=[f[0] for f in FAULTS])
def test_a_disk_that_refuses(local, database, fault, what, hint):
    assert local.put(value(1), expect=0)["ok"]
    strace = ["strace", "-o", "/dev/null", "-e", f"inject={fault}"]
    traced = local.world.run(*strace, *local.kind.argv, env={"ASAN_OPTIONS": "detect_leaks=0"},
                             input=local.request("put", value=value(2), expect=1))
    assert traced.json == {"ok": False, "error": "io", "message": f"the store {database}: {what}",
                           "hint": f"{hint} '{database}'"}
    assert local.ask("get")["value"] == value(1)
    assert local.put(value(2), expect=1)["ok"]


@pytest.mark.skipif(not shutil.which("strace"), reason="faults are injected with strace (Linux)")
def test_a_disk_that_refuses_while_it_is_waited_for(local, database):
    """It is open by then: by the tenth look or so."""
    assert local.put(value(1), expect=0)["ok"]
    strace = ["strace", "-o", "/dev/null", "-e", "inject=/fstat:error=EIO:when=40+"]
    traced = local.world.run(*strace, *local.kind.argv, env={"ASAN_OPTIONS": "detect_leaks=0"},
                             input=local.request("wait", version=1))
    assert traced.json == {"ok": False, "error": "io",
                           "message": f"the store {database}: the disk refused: Input/output error",
                           "hint": f"look at the disk, nothing was lost: df -h '{database}'"}


# -- a database that is bad --------------------------------------------------------------------

KEEP = "it was left as it is; move it aside, then publish again from a machine that is logged in"


def keep(database):
    return f"{KEEP}: cd '{database.parent}/' && mkdir damaged && mv '{database.name}'* damaged/"


def overwrite(offset, length):
    def spoil(path):
        with open(path, "r+b") as f:
            f.seek(offset)
            f.write(b"\xa5" * length)
    return spoil


DAMAGES = [
    ("no database at all", lambda path: path.write_bytes(b"my precious notes\n" * 100),
     "it is no database, or its beginning is damaged"),
    ("the first page", overwrite(0, 100), "it is no database, or its beginning is damaged"),
    ("the schema", overwrite(100, 200), "it is damaged"),
    ("the tables", overwrite(4096, 3 * 4096), "it is damaged"),
    ("cut off", lambda path: os.truncate(path, 4096), "it is damaged"),
]


@pytest.mark.parametrize("op", ["get", "put"])
@pytest.mark.parametrize("spoil,what", [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_a_damaged_database_is_kept(local, database, spoil, what, op):
    assert local.put(value(1, 5_000), expect=0)["ok"]
    spoil(database)
    before = database.read_bytes()
    refused(local, "invalid", f"the store {database}: {what}", keep(database), op=op)
    assert database.read_bytes() == before
    rows = local.ask("check")["checks"]
    assert (rows[-1]["ok"], rows[-1]["detail"]) == (False, f"the store {database}: {what}"), rows
    assert database.read_bytes() == before


def test_the_hint_for_a_damaged_database_works(local, database):
    assert local.put(value(1), expect=0)["ok"]
    overwrite(0, 4096)(database)
    hint = local.ask("get")["hint"]
    assert local.world.run("sh", "-c", hint.partition(": ")[2]).status == 0
    assert local.put(value(2), expect=0)["ok"]
    assert (database.parent / "damaged" / database.name).is_file()


@pytest.mark.parametrize("lose", [lambda p: os.truncate(p, 0), os.unlink], ids=["emptied", "missing"])
def test_a_log_without_its_database_is_kept(local, folder, database, lose):
    """SQLite would take the empty database for a new one and delete the -wal: with the login."""
    assert local.put(value(1), expect=0)["ok"]
    waiting = start_waiting(local, folder)
    assert local.put(value(2), expect=1)["ok"]  # stays in the -wal while the other has it open
    waiting.kill()
    waiting.communicate()
    lose(database)
    log = (folder / "one.db-wal").read_bytes()
    assert SECRET.encode() in log
    refused(local, "invalid", f"{database}-wal is there, but the store it belongs to is empty or missing",
            f"put one.db back from a backup, or keep what is left and start a new store: "
            f"cd '{folder}' && mkdir damaged && mv 'one.db'* damaged/")
    assert (folder / "one.db-wal").read_bytes() == log


def sql(database, text):
    connection = sqlite3.connect(database)
    connection.executescript(text)
    connection.close()


def test_a_newer_layout_is_refused(local, database):
    assert local.put(value(1), expect=0)["ok"]
    sql(database, "PRAGMA user_version = 2")
    for op in ("get", "put"):
        refused(local, "unsupported",
                f"the store {database} was made by a newer credrelay (layout 2, known here: 1)",
                "upgrade credrelay on this machine", op=op)


@pytest.mark.parametrize("text", ["CREATE TABLE recipes (name TEXT)", "PRAGMA user_version = 7",
                                  "PRAGMA application_id = 7"])
def test_the_database_of_another_program_is_refused(local, folder, database, text):
    folder.mkdir(mode=0o700)
    database.touch(0o600)
    sql(database, text)
    before = database.read_bytes()
    refused(local, "invalid", f"{database} is the database of another program",
            "name another file: store = local:/PATH/store.db")
    assert database.read_bytes() == before


def test_a_database_that_stays_locked(local, database):
    assert local.put(value(1), expect=0)["ok"]
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    answer = local.ask("put", value=value(2), expect=1, deadline_ms=500)
    assert 0.3 < time.monotonic() - began < 15
    assert answer == {"ok": False, "error": "busy",
                      "message": f"the store {database}: another process keeps it locked",
                      "hint": f"find it: fuser -v '{database}'"}
    assert local.ask("get")["value"] == value(1)  # readers are not kept out
    connection.execute("ROLLBACK")
    connection.close()
    assert local.put(value(2), expect=1)["ok"]


MARKS = "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x63726c79; PRAGMA user_version = 1;"
LOOSE = MARKS + "CREATE TABLE version (path, version, modified, by, value);"
ROW = "INSERT INTO version VALUES ('/claude/oauth/credentials', 1, 2, {by}, {value});"
FILL = "UPDATE version SET version = -200; INSERT INTO version SELECT path, 0, modified, by, value FROM version;"
BEFORE = "CREATE TRIGGER t BEFORE {what} ON version BEGIN SELECT RAISE(ABORT, 'no'); END;"
INSTEAD = "CREATE TRIGGER t INSTEAD OF INSERT ON version BEGIN SELECT 1; END;"
DAMAGED, NO_TABLES = "it is damaged", "its tables are not those of a store"
SPOILT = {  # what made it: which operations find out, what they say
    "a value that is no text": (LOOSE + ROW.format(by="'m'", value="CAST(x'7bff7d' AS TEXT)"),
                                "get history wait check", DAMAGED),
    "a value with a hole": (LOOSE + ROW.format(by="'m'", value="CAST(x'7b007d' AS TEXT)"),
                            "get history wait check", DAMAGED),
    "no value": (LOOSE + ROW.format(by="'m'", value="NULL"), "get history wait check", DAMAGED),
    "nobody's": (LOOSE + ROW.format(by="NULL", value="'{}'"), "get history wait check", DAMAGED),
    "no tables": (MARKS + "CREATE TABLE recipes (name)", "get put history wait check", NO_TABLES),
    "half a table": (MARKS + "CREATE TABLE version (path, version)", "get put history wait check", NO_TABLES),
    "a table that takes nothing": (LOOSE + BEFORE.format(what="INSERT"), "put", NO_TABLES),
    "a table that keeps all": (LOOSE + ROW.format(by="'m'", value="'{}'") + FILL + BEFORE.format(what="DELETE"),
                               "put", NO_TABLES),
    "no table but a view": (LOOSE.replace("TABLE version", "TABLE v") + "CREATE VIEW version AS SELECT * FROM v;"
                            + INSTEAD, "put", NO_TABLES),
}


@pytest.mark.parametrize("made", SPOILT)
def test_a_database_of_ours_that_somebody_changed(local, folder, database, made):
    text, ops, what = SPOILT[made]
    folder.mkdir(mode=0o700)
    database.touch(0o600)
    sql(database, text)
    for op in ops.split():
        answer = local.ask(op, **({"value": value(2), "expect": 0} if op == "put" else {"deadline_ms": 1000}))
        if op == "check":
            answer = {"ok": True, **answer["checks"][-1]}
            assert (answer["name"], answer["ok"]) == ("intact", False)
            answer = {"ok": False, "error": "invalid", "message": answer["detail"], "hint": answer["hint"]}
        assert answer == {"ok": False, "error": "invalid", "message": f"the store {database}: {what}",
                          "hint": keep(database)}, op


def test_what_there_are_no_words_for(local, folder, database):
    """SQLite's are told."""
    folder.mkdir(mode=0o700)
    database.touch(0o600)
    sql(database, LOOSE.replace("by", "by INTEGER PRIMARY KEY"))
    answer = local.put(value(1), expect=0)
    assert answer == {"ok": False, "error": "failed", "message": f"the store {database}: datatype mismatch",
                      "hint": "see what ails it: credrelay doctor"}


def test_check_says_what_is_wrong(local, database):
    assert [(r["name"], r["ok"]) for r in local.ask("check")["checks"]] == [
        ("private", True), ("opens", True), ("writable", True), ("intact", True)]
    database.chmod(0o644)
    assert local.ask("check")["checks"] == [
        {"name": "private", "ok": False,
         "detail": f"others can open the store {database} (mode 0644)",
         "hint": f"close it, and log in again if somebody may have read it: chmod 600 '{database}'"}]


# -- memory ------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["get", "put", "put a wrong one", "history", "wait"])
def test_no_login_is_left_in_freed_memory(local, freed, op):
    for n in range(3):
        assert local.put(value(n, 20_000), expect=n)["ok"]
    fields = {"put": {"value": value(4, 20_000), "expect": 3},
              "put a wrong one": {"value": value(4, 20_000), "expect": 1}}.get(op, {})
    local.env = {"LD_PRELOAD": str(freed), "FREED_MARKER": SECRET}
    process = local.start(local.request(op.split()[0], **fields))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"") and out


def test_the_memory_test_can_fail(world, freed):
    """Python does not wipe: its blocks are seen."""
    run = world.run(sys.executable, "-c", "x = bytearray(b'MARK' + b'ER' + b'x' * 9000); del x",
                    env={"LD_PRELOAD": str(freed), "FREED_MARKER": "MARKER"})
    assert "freed with the marker in it" in run.err


# -- versions ----------------------------------------------------------------------------------


def test_the_newest_hundred_versions_are_kept(local):
    for n in range(1, 102):
        assert local.put(value(n), expect=n - 1) == {"ok": True, "version": n}
    rows = local.ask("history", limit=1000)["versions"]
    assert [r["version"] for r in rows] == list(range(101, 1, -1))
    assert local.ask("get", version=1)["message"] == f"{local.path} has no version 1"
    assert local.ask("get", version=2)["value"] == value(2)


def test_a_history_too_long_for_a_line_is_told_in_part(local):
    size = 60_000
    for n in range(1, 21):
        assert local.put(value(n, size), expect=n - 1)["ok"]
    versions = [r["version"] for r in local.ask("history")["versions"]]
    assert versions == list(range(20, 20 - len(versions), -1)) and 10 < len(versions) < 20


def test_a_value_that_is_too_large(local, database):
    assert local.put("x" * 65536, expect=0)["ok"]
    answer = local.put("x" * 65537, expect=1)
    assert answer == {"ok": False, "error": "too_large",
                      "message": "the value has 65537 bytes, this store takes 65536"}


def test_a_store_killed_while_it_is_made(local, folder):
    """Nothing that a killed first put leaves is taken for damage."""
    for n in range(40):
        local.url = f"local:{folder}/{n}.db"
        process = local.start(local.request("put", value=value(n), expect=0))
        time.sleep(n * 0.00025)
        process.kill()
        process.communicate()
        answer = local.ask("get")
        assert answer.get("error") == "not_found" or is_whole(answer["value"]), answer
        assert local.put(value(n), expect=answer.get("version", 0))["ok"]
