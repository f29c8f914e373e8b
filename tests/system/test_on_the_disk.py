"""What has been acknowledged is on the disk: content before name, name before anybody is told (strace)."""
import re
import shutil

import pytest

from harness.relay import LocalStore, join, made_up, refresh_token, token

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="watched with strace (Linux)")

CALL = re.compile(r"^\d+\s+(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+)", re.M)
WATCHED = "openat,open,creat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,close,exit_group"


def traced(world, *argv):
    """[(call, its arguments with paths for descriptors), ...] of those that did not fail."""
    trace = world.home / "trace"
    result = world.run("strace", "-f", "-y", "-s", "64", "-o", trace, "-e", f"trace={WATCHED}", *argv,
                       env={"ASAN_OPTIONS": "detect_leaks=0"}, timeout=120)
    assert result.status == 0, result
    # What another process of the run got in between is put together again.
    text = re.sub(r"^(\d+)\s+(.*) <unfinished \.\.\.>\n((?:(?!\1 ).*\n)*?)\1\s+<\.\.\. \w+ resumed>", r"\3\1 \2",
                  trace.read_text(), flags=re.M)
    return [(m["name"], m["arguments"]) for m in CALL.finditer(text) if int(m["result"]) >= 0]


def steps_of(calls, path):
    """How PATH came to be, in a word each: what was written, synced and renamed, of it and of its folder."""
    steps = []
    for name, arguments in calls:
        temporary = f"{path.parent}/.{path.name}.credrelay-"
        if name == "write" and temporary in arguments:
            steps.append("write")
        elif name == "write" and f"<{path}>" in arguments:
            steps.append("write in place")
        elif name in ("fsync", "fdatasync") and temporary in arguments:
            steps.append("fsync")
        elif name.startswith("rename") and temporary in arguments:
            steps.append("rename")
        elif name in ("fsync", "fdatasync") and arguments.endswith(f"<{path.parent}>"):
            steps.append("fsync folder")
    return steps


WHOLE = ["write", "fsync", "rename", "fsync folder"]


@pytest.fixture
def store(tmp_path):
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    store.put(made_up(1, refresh=None))
    return store


def test_a_login_is_on_the_disk_before_anybody_is_told(world, store):
    join(world, store, role="reader")
    world.write_login(made_up(0, refresh=None, expires_in=60))
    calls = traced(world, "credrelay", "pull")
    assert world.access_token() == token(1)
    assert steps_of(calls, world.login_path) == WHOLE
    assert steps_of(calls, world.state / "claude.json") == WHOLE
    told = [n for n, (name, arguments) in enumerate(calls) if name == "write" and "pulled" in arguments]
    folder = [n for n, (name, arguments) in enumerate(calls)
              if name == "fsync" and arguments.endswith(f"<{world.login_path.parent}>")]
    assert folder and told and folder[0] < told[0]


def test_the_file_is_on_the_disk_before_the_memory_says_so(world, store):
    join(world, store, role="reader")
    calls = traced(world, "credrelay", "pull")
    ends = [next(n for n, (name, arguments) in enumerate(calls) if name.startswith("rename") and str(path) in arguments)
            for path in (world.login_path, world.state / "claude.json")]
    assert ends == sorted(ends)


def test_the_embedded_store_has_it_on_the_disk_before_it_answers(world, store):
    join(world, store)
    world.write_login(made_up(2))
    calls = traced(world, "credrelay", "publish")
    assert store.shared()["accessToken"] == token(2) and store.renewable()[1]["refreshToken"] == refresh_token(2)
    log = f"<{store.path}-wal>"
    writes = [n for n, (name, arguments) in enumerate(calls) if name == "pwrite64" and log in arguments]
    syncs = [n for n, (name, arguments) in enumerate(calls) if name in ("fsync", "fdatasync") and log in arguments]
    answers = [n for n, (name, arguments) in enumerate(calls)
               if name == "write" and re.match(r'1<[^>]*>, "\{\\"ok\\":true,\\"version\\":', arguments)]
    assert writes and len(answers) >= 2, calls
    for answer in answers:
        before = [n for n in writes if n < answer]
        assert not before or any(before[-1] < n < answer for n in syncs), (answer, calls)
