"""The file matrix: whatever stands where the login should be, in its folder, or where our own files
should be, for pull (which replaces it), publish (which reads it) and claude-p (which starts a client
that has a login), as root and as an ordinary user.

A row says how each ends: FINE, or (exit status, message after "credrelay: COMMAND: ").  After every
one of them: the login is whole, the old or the new one; what stood beside it still does; what is
ours is 0600; links are links; nothing temporary is left; claude-p ran its client, once."""
import json
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass, field
from typing import Callable

import pytest

from harness import places as at
from harness.relay import LocalStore, made_up, token
from harness.somebody import ORDINARY, ROOT, STRANGER, Mounts, Somebody, can_mount, programs_for_all

FINE = (0, "")
LOGIN = "HOME/.claude/.credentials.json"
TEMPORARY = "HOME/.claude/..credentials.json.credrelay-XXXXXXXX"
STATE = "HOME/.local/state/credrelay"

ABSENT = (65, f"{LOGIN} does not exist\n  credrelay pull, or log in: claude /login\n")
NOT_READABLE = (77, f"cannot open {LOGIN}: Permission denied\n"
                    f"  it must be yours and readable: ls -l '{LOGIN}'\n")
A_STRANGERS = (77, f"{LOGIN} belongs to user {STRANGER}, and others can write in its folder\n"
                   "  chmod go-w 'HOME/.claude'; if it is not yours, move it away\n")


def is_a(kind):
    return 65, f"{LOGIN} is {kind}, not a file\n  move it away: mv '{LOGIN}' '{LOGIN}'.old\n"


def denied(what, path, why="Permission denied"):
    advice = {"Permission denied": "it must be yours, and open to you: ls -ld",
              "Operation not permitted": "it may be protected (chattr -ia, chflags nouchg): ls -ld",
              "Read-only file system": "it is mounted read-only: df"}[why]
    return 77, f"{what} {path}: {why}\n  {advice} '{path}'\n"


def failed(what, path, why, about=None):
    advice = {"Too many levels of symbolic links": "see where the link leads: ls -ld",
              "Not a directory": "something else stands there; move it away: ls -ld",
              "Is a directory": "a folder stands there; move it away: ls -ld",
              "Directory not empty": "if nobody uses it, remove it: rm -r",
              "No space left on device": "make room, or let it have more files: df -h; df -i",
              "Disk quota exceeded": "make room, or ask for more: quota; df -h",
              "File too large": "files may not be so large here; see ulimit -f, and: df -T",
              "Too many open files": "allow more open files (ulimit -n 64), and look again at",
              "Device or resource busy": "it is mounted by itself; mount its folder instead: df",
              "Stale file handle": "its file server no longer knows it; mount it again: df",
              "Input/output error": "the disk or its server fails (dmesg): df"}[why]
    return 74, f"{what} {path}: {why}\n  {advice} '{about or path}'\n"


def too_long(what, path):
    return 74, (f"{what} {path}: File name too long\n"
                "  a path has at most 4095 bytes here, and a name 255: choose a shorter one\n")


def memory_not_written(why):
    """The login is in place; what is remembered of it will be found out again."""
    memory = f"{STATE}/.claude.json.credrelay-XXXXXXXX"
    return f"credrelay: warning: {failed('cannot write', memory, why, STATE)[1]}"


LONG_LOGIN = (65, too_long("the path of the login is too long:",
                           "HOME/LONG/.credentials.json")[1].replace(": File name too long", ""))
IN_FOLDER = ("cannot write in", "HOME/.claude")
OUR_LOCK = ("cannot open the lock", f"{STATE}/claude.lock")
PULLED_FIRST = (0, "[claude-p] auth lapsed; pulled fresh credentials from the local store, retrying once.\n")


@dataclass
class Row:
    lay: Callable
    pull: tuple = FINE
    publish: tuple = FINE
    run: tuple = FINE
    root: dict = field(default_factory=dict)  # where root fares otherwise
    needs: str = ""


BOTH_FINE = {"pull": FINE, "publish": FINE}
ROWS = {
    "a file": Row(at.plain),
    # links: the login is where they lead, and they stay
    "a link": Row(at.link),
    "a relative link": Row(at.relative_link),
    "a chain of links": Row(at.chain),
    "its folder is a link": Row(at.folder_link),
    "a link to nothing": Row(at.dangling, FINE, ABSENT, PULLED_FIRST),
    "a link into a folder that is missing": Row(
        at.dangling_folder, (65, "cannot write in HOME/.claude/../vault: No such file or directory\n"
                                 "  make it: mkdir -p 'HOME/.claude/../vault'\n"), ABSENT),
    "its folder is a link to nothing": Row(
        at.dangling_folder_link, (65, "cannot use HOME/.claude: No such file or directory\n"
                                      "  see where the link leads: ls -ld 'HOME/.claude'\n"), ABSENT),
    "a loop of links": Row(at.loop, *[failed("cannot open", LOGIN, "Too many levels of symbolic links")] * 2),
    "a link to itself": Row(at.link_to_itself,
                            *[failed("cannot open", LOGIN, "Too many levels of symbolic links")] * 2),
    "a link to where we cannot write": Row(at.link_out_of_reach, denied("cannot write in", "HOME/vault"),
                                           root={"pull": FINE}),
    "a hard link": Row(at.hard_link),
    # not a file: never opened for long, never replaced
    "a folder": Row(at.a_folder, *[is_a("a folder")] * 2),
    "a FIFO": Row(at.a_fifo, *[is_a("a FIFO")] * 2),
    "a link to a FIFO": Row(at.a_link_to_a_fifo, *[is_a("a FIFO")] * 2),
    "a socket": Row(at.a_socket, *[is_a("a socket")] * 2),
    "/dev/null": Row(at.dev_null, *[is_a("a device")] * 2),
    "/dev/full": Row(at.dev_full, *[is_a("a device")] * 2),
    "a device": Row(at.dev_zero, *[is_a("a device")] * 2, needs="mknod"),
    "a disk that is not there": Row(at.a_disk, *[is_a("a device")] * 2, needs="mknod"),
    # modes: what we write is 0600 whatever was there; to root none is an obstacle
    "mode 0000": Row(at.mode(0), NOT_READABLE, NOT_READABLE, root=BOTH_FINE),
    "mode 0200": Row(at.mode(0o200), NOT_READABLE, NOT_READABLE, root=BOTH_FINE),
    "mode 0400": Row(at.mode(0o400)),
    "mode 0444": Row(at.mode(0o444)),
    "mode 0600": Row(at.mode(0o600)),
    "mode 0644": Row(at.mode(0o644)),
    "mode 0666": Row(at.mode(0o666)),
    "mode 0777": Row(at.mode(0o777)),
    # owners: root gives what it writes to the file's owner
    "a stranger's, closed": Row(at.of_a_stranger(0o600), NOT_READABLE, NOT_READABLE, root=BOTH_FINE,
                                needs="strangers"),
    "a stranger's, readable": Row(at.of_a_stranger(0o644), needs="strangers"),
    # the folder
    "no folder": Row(at.no_folder, FINE, ABSENT, PULLED_FIRST),
    "no folder, nor the one above": Row(
        at.no_folder_above, FINE, (65, ABSENT[1].replace(".claude/", "a/b/claude/", 1)), PULLED_FIRST),
    "a file for a folder": Row(at.folder_is_a_file, failed("cannot use", "HOME/.claude", "Not a directory"),
                               failed("cannot open", LOGIN, "Not a directory")),
    "folder 0000": Row(at.folder_mode(0), NOT_READABLE, NOT_READABLE, root=BOTH_FINE),
    "folder 0300": Row(at.folder_mode(0o300)),
    "folder 0500": Row(at.folder_mode(0o500), denied(*IN_FOLDER), root=BOTH_FINE),
    "folder 0600": Row(at.folder_mode(0o600), NOT_READABLE, NOT_READABLE, root=BOTH_FINE),
    "folder 0770": Row(at.folder_mode(0o770)),
    "folder 0777": Row(at.folder_mode(0o777)),
    "folder 1777": Row(at.folder_mode(0o1777)),
    "a stranger's folder": Row(at.folder_of_a_stranger(0o755), denied(*IN_FOLDER), root=BOTH_FINE,
                               needs="strangers"),
    "a stranger's folder, writable": Row(at.folder_of_a_stranger(0o777), needs="strangers"),
    "a stranger's file in folder 0777": Row(at.planted_file, A_STRANGERS, A_STRANGERS, needs="strangers"),
    "a stranger's link in folder 0777": Row(at.planted_link, A_STRANGERS, A_STRANGERS, needs="strangers"),
    "a stranger's link to our own file": Row(at.planted_link_to_ours, A_STRANGERS, FINE, needs="strangers"),
    "a stranger's link to nothing": Row(at.planted_link_to_nothing, A_STRANGERS, ABSENT, needs="strangers"),
    "a home that cannot be written": Row(at.home_not_writable),
    # what the file system refuses
    "immutable": Row(at.immutable("file"), denied("cannot replace", LOGIN, "Operation not permitted"),
                     needs="chattr"),
    "append only": Row(at.appendable, denied("cannot replace", LOGIN, "Operation not permitted"), needs="chattr"),
    "folder immutable": Row(at.immutable("folder"), denied(*IN_FOLDER, "Operation not permitted"), needs="chattr"),
    "read-only mount": Row(at.read_only, denied(*IN_FOLDER, "Read-only file system"), needs="mounts"),
    "mounted by itself": Row(at.mounted_file, failed("cannot replace", LOGIN, "Device or resource busy"),
                             needs="mounts"),
    "full disk": Row(at.full_disk, failed("cannot write", TEMPORARY, "No space left on device", "HOME/.claude"),
                     needs="mounts"),
    "full inodes": Row(at.full_inodes, failed(*IN_FOLDER, "No space left on device"), needs="mounts"),
    "ulimit -f": Row(at.file_size_limit, failed("cannot write", TEMPORARY, "File too large", "HOME/.claude")),
    "ulimit -n 4": Row(at.few_descriptors(4), failed("cannot open", f"{STATE}/claude.json", "Too many open files"),
                       failed("cannot open", f"{STATE}/claude.json", "Too many open files"),
                       (74, "[claude-p] cannot make a pipe: Too many open files\n"), needs="no sanitizer"),
    # A real one takes a kernel with CONFIG_QFMT_V2, which not every machine has.
    "quota": Row(at.answered("fsync:error=EDQUOT:when=1+", about_the_login=False),
                 failed("cannot write", TEMPORARY, "Disk quota exceeded", "HOME/.claude"),
                 (0, memory_not_written("Disk quota exceeded")), needs="strace"),
    "stale for a moment": Row(at.answered("openat:error=ESTALE:when=1"), FINE,
                              failed("cannot open", LOGIN, "Stale file handle"), needs="strace"),
    "stale on opening": Row(at.answered("openat:error=ESTALE:when=1+"),
                            *[failed("cannot open", LOGIN, "Stale file handle")] * 2, needs="strace"),
    "stale on reading": Row(at.answered("read:error=ESTALE:when=1+"),
                            *[failed("cannot read", LOGIN, "Stale file handle")] * 2, needs="strace"),
    "stale on writing": Row(at.answered("fsync:error=ESTALE:when=1+", about_the_login=False),
                            failed("cannot write", TEMPORARY, "Stale file handle", "HOME/.claude"),
                            (0, memory_not_written("Stale file handle")), needs="strace"),
    "stale on replacing": Row(at.answered("rename:error=ESTALE:when=1", about_the_login=False),
                              failed("cannot replace", LOGIN, "Stale file handle"), needs="strace"),
    "unreadable disk": Row(at.answered("read:error=EIO:when=1+"),
                           *[failed("cannot read", LOGIN, "Input/output error")] * 2, needs="strace"),
    # long paths
    "4,000 bytes": Row(at.long_path(4000)),
    "4,071 bytes": Row(at.long_path(4071)),
    "no room for a temporary name": Row(at.long_path(4090),
                                        too_long("cannot write beside", "HOME/LONG/.credentials.json")),
    "PATH_MAX": Row(at.beyond_path_max, LONG_LOGIN, LONG_LOGIN, (
        0, "".join(f"[claude-p] {line}\n" for line in (*LONG_LOGIN[1].splitlines(), "running without recovery")))),
    "a name of 300 bytes": Row(at.long_name, too_long("cannot make folder", "HOME/LONG"),
                               too_long("cannot open", "HOME/LONG/.credentials.json")),
    # our own files
    "state folder 0500": Row(at.state_mode(0o500), denied(*OUR_LOCK), denied(*OUR_LOCK), root=BOTH_FINE),
    "state folder 0777": Row(at.state_mode(0o777)),
    "a file for the state folder": Row(at.state_is_a_file, *[failed("cannot use", STATE, "Not a directory")] * 2),
    "a stranger's state folder": Row(at.state_of_a_stranger, denied(*OUR_LOCK), denied(*OUR_LOCK), root=BOTH_FINE,
                                     needs="strangers"),
    "state folder read-only": Row(at.state_read_only, *[denied(*OUR_LOCK, "Read-only file system")] * 2,
                                  needs="mounts"),
    "state folder full": Row(at.state_full, *[
        (0, "credrelay: the log could not be written, ignoring: "
            f"cannot write {STATE}/events.jsonl: No space left on device\n"
            + memory_not_written("No space left on device"))] * 2, needs="mounts"),
    "lock is a link": Row(at.ours("claude.lock", at.to_elsewhere),
                          *[failed(*OUR_LOCK, "Too many levels of symbolic links")] * 2),
    "lock is a FIFO": Row(at.ours("claude.lock", os.mkfifo)),
    "lock is a folder": Row(at.ours("claude.lock", os.mkdir), *[failed(*OUR_LOCK, "Is a directory")] * 2),
    "lock 0000": Row(at.ours("claude.lock", at.unreadable), denied(*OUR_LOCK), denied(*OUR_LOCK), root=BOTH_FINE),
    "memory is a link": Row(at.ours("claude.json", at.to_elsewhere)),
    "memory is a FIFO": Row(at.ours("claude.json", os.mkfifo), *[
        (65, is_a("a FIFO")[1].replace(LOGIN, f"{STATE}/claude.json"))] * 2),
    "client's lock is an old file": Row(
        at.client_lock(lambda path: path.touch()),
        failed("cannot take over the stale lock", "HOME/.claude.lock", "Not a directory")),
    "client's lock has something in it": Row(
        at.client_lock(lambda path: (path.mkdir(), (path / "x").touch())),
        failed("cannot take over the stale lock", "HOME/.claude.lock", "Directory not empty")),
}
USERS = {"root": 0, "user": ORDINARY} if ROOT else {"user": 0}
COMMANDS = {"pull": ["credrelay", "pull"], "publish": ["credrelay", "publish"], "run": ["claude-p", "hello"]}


# -- what it takes -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def programs():
    return programs_for_all()


@pytest.fixture(scope="session")
def stock(tmp_path_factory):
    """A store with login 1, to copy."""
    store = LocalStore(tmp_path_factory.mktemp("stock") / "store.db")
    store.put(made_up(1, refresh=None))
    return store.path


@pytest.fixture(scope="session")
def lacking(tmp_path_factory):
    """Why a row cannot be produced here; "": it can."""
    probe = tmp_path_factory.mktemp("probe") / "file"
    probe.touch()
    argv = ["chattr", "+i", str(probe)]
    protects = ROOT and shutil.which("chattr") and subprocess.run(argv, stderr=subprocess.DEVNULL).returncode == 0
    if protects:
        subprocess.run(["chattr", "-i", str(probe)], check=True)
    return {"": "", "strangers": "" if ROOT else "needs root: files of another user",
            "mknod": "" if ROOT else "needs root: devices",
            "chattr": "" if protects else "needs root and a file system with chattr +i",
            "mounts": "" if can_mount() else "needs mount namespaces",
            "strace": "" if ROOT and shutil.which("strace") else "needs root and strace: answers of a file server",
            "no sanitizer": "the sanitizer itself needs more" if sanitized() else ""}


def sanitized():
    return "asan" in os.environ.get("CREDRELAY_BUILD", "")


def machine_for(command, uid, home, programs, stock):
    machine = Somebody(home, uid, programs)
    (home / "shared").mkdir(mode=0o700)
    shutil.copy(stock, home / "shared" / "store.db")
    role = "reader" if command == "pull" else "writer"
    machine.configure(f"[claude]\nrole = {role}\nstore = local:{home}/shared/store.db\n"
                      "timeout = 30s\npreflight = 30s\n")
    machine.program("claude", "#!/bin/sh\necho ran >>\"$HOME/shared/runs\"\necho fine\n")
    return machine


def content_for(command):
    login = made_up(0, expires_in=60, refresh=None) if command == "pull" else made_up(2, expires_in=9 * 3600)
    return json.dumps({"mcpOAuth": {"a": "TEST-OTHER"}, **login}).encode()


# -- what is seen --------------------------------------------------------------------------------


def said(machine, command, result):
    text = re.sub(r"credrelay-[0-9a-f]{8}\b", "credrelay-XXXXXXXX", result.err.replace(str(machine.home), "HOME"))
    text = re.sub(r"/[de/.]{50,}(?=[/\n:])|/n{300}", "/LONG", text)
    return result.status, text.removeprefix(f"credrelay: {command}: ")


@dataclass
class Seen:
    content: bytes = None  # None: there is no file
    mode: int = None
    uid: int = None


def look(place, mounts):
    """The login's file, whoever may see it."""
    path = mounts.path(place.path) if mounts else place.path
    if place.deep is not None:
        return look_into(os.open(path.name, os.O_RDONLY, dir_fd=place.deep))
    try:
        return look_into(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except PermissionError:
        return look_into_closed(path)
    except OSError:
        return Seen()


def look_into(fd):
    with open(fd, "rb") as file:
        st = os.fstat(fd)
        return Seen(file.read() if stat.S_ISREG(st.st_mode) else None, st.st_mode, st.st_uid)


def look_into_closed(path):
    """Its owner has closed it to himself."""
    folder = path.parent.stat().st_mode
    path.parent.chmod(0o700)
    mode = path.stat().st_mode
    path.chmod(0o600)
    seen = look_into(os.open(path, os.O_RDONLY))
    path.chmod(stat.S_IMODE(mode))
    path.parent.chmod(stat.S_IMODE(folder))
    return Seen(seen.content, mode, seen.uid)


def in_store(machine):
    """Its user is asked: a store of somebody else's is not opened."""
    request = {"credrelay": 1, "op": "get", "store": f"local:{machine.home}/shared/store.db",
               "path": "/claude/login", "role": "writer", "machine": "the-test"}
    answer = machine.run(machine.prefix / "libexec" / "credrelay" / "store-local",
                         input=json.dumps(request) + "\n").json
    return json.loads(answer["value"])["claudeAiOauth"]["accessToken"]


def left_over(machine, mounts):
    home = mounts.path(machine.home) if mounts else machine.home
    names = [str(p.relative_to(home)) for p in home.rglob("*")]
    return [n for n in names if ".credrelay-" in n or n == ".claude.lock"]


def links(machine):
    found = {}
    for path in machine.home.rglob("*"):
        try:
            found[path] = os.readlink(path)
        except OSError:
            pass  # no link, or in a folder that is closed to its owner
    return found


def check_installed(machine, before, after):
    """The new login, with what stood beside the old one, private, and of the same owner."""
    login, beside = json.loads(after.content), json.loads(before.content or b"{}")
    assert login.pop("claudeAiOauth")["accessToken"] == token(1)
    beside.pop("claudeAiOauth", None)
    assert login == beside
    assert stat.S_IMODE(after.mode) == 0o600
    kept = before.uid is not None and ROOT and not machine.uid
    assert after.uid == (before.uid if kept else machine.uid or os.geteuid())


def check_afterwards(command, machine, place, mounts, before, result):
    after = look(place, mounts)
    if (command == "pull" and result.status == 0) or (command == "run" and "pulled fresh" in result.err):
        check_installed(machine, before, after)
    else:
        assert after == before
    if command == "publish":
        assert in_store(machine) == token(2 if result.status == 0 else 1)
    assert left_over(machine, mounts) == place.there


def check_run(machine, result):
    """The client's answer, once; or the wrapper could not start one."""
    runs = machine.home / "shared" / "runs"
    ran = runs.read_text() if runs.exists() else ""
    assert (result.out, ran) == (("fine\n", "ran\n") if result.status == 0 else ("", ""))


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("row", ROWS)
def test_every_file(tmp_path, programs, stock, lacking, row, command, user):
    rule = ROWS[row]
    if lacking[rule.needs]:
        pytest.skip(lacking[rule.needs])
    uid = USERS[user]
    machine = machine_for(command, uid, tmp_path / "home", programs, stock)
    with at.Place(machine, content_for(command)) as place:
        rule.lay(place)
        place.settle()
        with Mounts(place.script) as mounts:
            before, linked = look(place, mounts), links(machine)
            place.there = left_over(machine, mounts)
            result = place.run(COMMANDS[command], mounts)
            check_afterwards(command, machine, place, mounts, before, result)
            assert links(machine) == linked
    expected = getattr(rule, command)
    assert said(machine, command, result) == (rule.root.get(command, expected) if user == "root" else expected)
    if command == "run":
        check_run(machine, result)
