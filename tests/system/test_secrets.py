"""A login's tokens are in the file and in the store, and nowhere else."""
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.channel import Channel
from harness.invitations import base64url, content_of, open_line
from harness.proxy_store import ProxyStore
from harness.relay import RENEWABLE, LocalStore, join, made_up, wait_for
from harness.rights import look_at_nobody
from harness.watch import Watcher
from harness.world import LIBEXEC

MARKER = "sk-ant-MARKER-of-a-secret"  # in every token of a login made here
TOOL = Path(os.environ.get("CREDRELAY_BUILD", "/")) / "tests" / "tools" / "memory-at-exit"


def secret(n, **more):
    """A login with the marker in both tokens, long enough not to fit a small buffer."""
    return made_up(n, **{"access": f"{MARKER}-access-{n}-{'a' * 90}",
                         "refresh": f"{MARKER}-refresh-{n}-{'r' * 90}", **more})


def bare(n):
    return secret(n, refresh=None)


# -- where it must not be seen -------------------------------------------------------------------

RECORD = """
note("processes", open("/proc/self/cmdline").read() + open("/proc/self/environ").read())
note("processes", open(f"/proc/{os.getppid()}/cmdline").read())
"""


def files_with_the_marker(*folders):
    return sorted(p.name for folder in folders for p in folder.rglob("*")
                  if p.is_file() and MARKER.encode() in p.read_bytes())


def test_nothing_shows_a_token(machines, tmp_path, api):
    """Two machines through all commands, with a store that fails at times."""
    desk, server = machines("desk", "server")
    store = LocalStore(tmp_path / "shared" / "store.db")
    proxies = []
    for machine, role in ((desk, "writer"), (server, "reader")):
        proxies.append(ProxyStore(machine, RECORD, store.path))
        join(machine, proxies[-1], role, more="recover-wait = 1s\n")
        machine.install_client()
        machine.env["FAKE_CLAUDE_RETRY_PAUSE"] = "0.01"
    said = []

    def run(machine, *argv, **options):
        result = machine.run(*argv, **options)
        said.append(result.out + result.err)
        return result.status

    desk.write_login(secret(1))
    for machine in (desk, server):
        for command in ("publish", "pull", "sync"):
            for option in ("-v", "--json", "--dry-run"):
                run(machine, "credrelay", command, option)
    assert run(server, "credrelay", "run", "--", "claude", "-p", "report") == 0
    assert json.loads(said[-1])["env"]["HOME"] == str(server.home)
    stale = secret(2, expires_in=9 * 3600)
    stale["claudeAiOauth"]["accessToken"] += "STALE"
    server.write_login(stale)
    assert run(server, "claude-p", "ok") in (0, 78)
    desk.write_login({"claudeAiOauth": {**secret(3)["claudeAiOauth"], "scopes": None}})
    run(desk, "credrelay", "publish", "-v")
    desk.write_login(json.dumps(secret(3))[:-20])
    run(desk, "credrelay", "publish", "-v")
    desk.write_login(secret(3))
    for behaviour in ("tell(request); sys.exit(0)", "print(request['value']); sys.exit(0)",
                      "print('{' + request.get('value', '')); sys.exit(0)", "sys.exit(1)"):
        proxies[0].behave(f"if op == 'put':\n    {behaviour}")
        run(desk, "credrelay", "publish", "-v")
        run(desk, "credrelay", "publish", "--json")
    proxies[0].behave(RECORD)
    assert run(desk, "credrelay", "publish") == 0

    assert MARKER not in "".join(said)
    shown = (desk.home / "proxy" / "processes").read_text() + (server.home / "proxy" / "processes").read_text()
    assert "credrelay" in shown and "HOME=" in shown and MARKER not in shown
    assert files_with_the_marker(desk.home, server.home) == [".credentials.json"] * 2
    assert set(files_with_the_marker(store.path.parent)) <= {"store.db", "store.db-wal"}


# -- memory --------------------------------------------------------------------------------------

needs_tracing = pytest.mark.skipif(
    not TOOL.exists() or os.geteuid() != 0 or "asan" in os.environ.get("CREDRELAY_BUILD", ""),
    reason="needs ptrace of a closed process (Linux, root), and memory that is not AddressSanitizer's")


def traced(world, *argv, **options):
    """Run it and have its memory looked at when it exits."""
    return world.run(TOOL, MARKER, *argv, **options)


@needs_tracing
@pytest.mark.parametrize("argv", [
    ("sh", "-c", "read -r x"),
    (sys.executable, "-c", "import os, sys; x = sys.stdin.read(); os._exit(0)")], ids=["sh", "python"])
def test_the_memory_test_can_fail(world, argv):
    result = traced(world, *argv, input=json.dumps(secret(1)))
    assert result.status == 1
    assert "memory-at-exit: found in" in result.err


COMMANDS = {  # the file, the store's values, the role, the command
    "publish": (secret(1), None, "writer", ["publish"]),
    "publish a successor": (secret(2), "both", "writer", ["publish", "--force"]),
    "publish what is too large": (secret(1, note="x" * 70_000), None, "writer", ["publish"]),
    "pull on a reader": (None, "both", "reader", ["pull"]),
    "pull on the holder": (None, "both", "writer", ["pull"]),
    "pull beside much else": ({"mcpOAuth": {"a": MARKER, "pad": "x" * 300_000}}, "both", "reader", ["pull"]),
    "pull over a torn one": (json.dumps(secret(2))[:-9], "both", "writer", ["pull"]),
    "pull over a malformed one": ({"claudeAiOauth": {**secret(2)["claudeAiOauth"], "scopes": 1}}, "both",
                                  "writer", ["pull"]),
    "strip": (secret(1), "both", "reader", ["pull"]),
    "nothing to do": (secret(1), "both", "writer", ["sync"]),
    "look into the history": (secret(3), "both", "writer", ["sync", "--json"]),
    "a dry run": (None, "both", "reader", ["pull", "-n"]),
    "a value that is no login": (None, "garbage", "reader", ["pull"]),
}


@needs_tracing
@pytest.mark.parametrize("content,values,role,command", COMMANDS.values(), ids=COMMANDS)
def test_no_token_is_in_memory_at_the_end(world, tmp_path, content, values, role, command):
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    join(world, store, role)
    if values:
        store.put(bare(1) if values == "both" else json.dumps(bare(1))[:-7])
        store.put({"holder": "machine-1", "login": secret(1)}, RENEWABLE)
    if content:
        world.write_login(content)
    result = traced(world, "credrelay", *command)
    assert result.status == 0, result.err
    assert "found" not in result.err
    assert world.events() or "-n" in command  # it did run


@needs_tracing
@pytest.mark.parametrize("op", ["get", "put", "history"])
def test_no_token_is_in_the_embedded_store_s_memory_at_the_end(world, tmp_path, op):
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    store.put(secret(1))
    request = {"credrelay": 1, "op": op, "store": store.url, "path": "/claude/login", "role": "writer",
               "machine": "m", "value": json.dumps(secret(2)), "expect": 1}
    result = traced(world, LIBEXEC / "store-local", input=json.dumps(request) + "\n")
    assert (result.status, "found" in result.err) == (0, False), result.err
    assert result.json["ok"]


@needs_tracing
@pytest.mark.parametrize("what", ["smtp-password", "resend-key", "webhook", "webhook-token"])
def test_no_secret_of_a_channel_is_in_its_memory_at_the_end(world, mail_server, fault_server, certificates, what):
    web = fault_server("answer", tls=certificates.good)
    mail = mail_server(tls="starttls", user=("ops", MARKER + "-pass"))
    channel = Channel(world, "mail" if "webhook" not in what else "webhook", mail="me@example.org",
                      mail_from="me@example.org", resend_url=web.url, ca_file=certificates.authority)
    if what == "smtp-password":
        channel.options |= {"smtp": mail.url, "smtp-user": "ops"}
    if what == "webhook-token":
        channel.options["webhook"] = web.url
    text = {"smtp-password": MARKER + "-pass", "webhook": f"{web.url}/{MARKER}"}.get(what, MARKER)
    channel.options[f"{what}-file"] = str(channel.secret("secret", text + "\n"))
    result = traced(world, LIBEXEC / f"alert-{channel.name}", input=channel.request())
    assert (result.status, "found" in result.err) == (0, False), result.err
    assert result.json == {"ok": True}
    assert mail.mails or web.requests


AWS_KEY = f"{MARKER}-key-{'k' * 60}"


def aws_key(world):
    """A reader of a store in AWS, whose key has the marker."""
    world.configure("[claude]\nrole = reader\nstore = ssm://us-west-2/n\nreader-profile = r\n")
    world.write_aws_profiles(r=("AKIATEST", AWS_KEY))


@needs_tracing
@pytest.mark.parametrize("flags", [[], ["--no-seal"], ["--json"]], ids=str)
def test_no_key_is_in_memory_after_inviting(world, flags):
    aws_key(world)
    line = world.run("credrelay", "invite", "reader", *flags).out
    assert AWS_KEY in content_of(json.loads(line)["invitation"] if flags == ["--json"] else line)["keys"][0][
        "secret"]
    for marker in (MARKER, base64url(MARKER.encode())[:24]):
        result = world.run(TOOL, marker, "credrelay", "invite", "reader", *flags)
        assert (result.status, "found" in result.err) == (0, False), result.err


@needs_tracing
@pytest.mark.parametrize("flags", [[], ["--dry-run"], ["--json"]], ids=str)
def test_no_key_is_in_memory_after_joining(world, tmp_path, flags):
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    store.put(bare(1))
    line = open_line(settings={"role": "reader", "store": store.url},
                     keys=[{"profile": "r", "id": "AKIATEST", "secret": AWS_KEY}])
    for marker in (MARKER, line[200:260]):
        result = world.run(TOOL, marker, "credrelay", "join", "--no-service", *flags, input=line)
        assert (result.status, "found" in result.err) == (0, False), result.err
    if "--dry-run" not in flags:
        assert files_with_the_marker(world.home) == [".credentials.json", "credentials"]


# -- while it runs -------------------------------------------------------------------------------


def in_memory(pid):
    """The maps of a running process that have the marker."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            try:
                mem.seek(start)
                found += [line] if MARKER.encode() in mem.read(end - start) else []
            except (OSError, OverflowError, ValueError):
                pass  # guard pages, and what the kernel keeps for itself
    return found


@needs_tracing
def test_a_look_into_memory_can_find_it(world):
    keeper = world.start(sys.executable, "-IS", "-c", "import sys\nx = sys.stdin.readline()\nprint(flush=True)\n"
                         "sys.stdin.readline()", stdin=subprocess.PIPE)
    keeper.stdin.write(f"{MARKER}\n".encode())
    keeper.stdin.flush()
    assert keeper.stdout.readline() == b"\n"
    assert in_memory(keeper.pid)
    keeper.communicate(timeout=60)


@needs_tracing
def test_a_watcher_holds_no_token(world, tmp_path):
    """It has published one login and pulled another, and goes on."""
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    join(world, store)
    with Watcher(world, "-q") as watcher:
        world.write_login(secret(1))
        wait_for(lambda: (store.shared() or {}).get("accessToken", "").startswith(f"{MARKER}-access-1"), 60)
        world.write_login("")
        wait_for(lambda: world.login_path.stat().st_size > 0, 60)
        assert in_memory(watcher.process.pid) == []


CLIENT = "#!/bin/sh\necho >\"$HOME/started\"\nread -r wait\necho fine\n"


@needs_tracing
@pytest.mark.parametrize("content", [None, secret(2, expires_in=9 * 3600)], ids=["pulled first", "a good login"])
def test_a_wrapper_holds_no_token_while_its_client_runs(world, tmp_path, content):
    store = LocalStore(tmp_path / "shared" / "store.db")
    store.path.parent.mkdir(mode=0o700)
    join(world, store, "reader")
    store.put(bare(1))
    if content:
        world.write_login(content)
    world.program("claude", CLIENT)
    process = world.start("claude-p", "hello", stdin=subprocess.PIPE)
    wait_for((world.home / "started").exists)
    held = in_memory(process.pid)
    out, _ = process.communicate(b"\n", timeout=30)
    assert (held, out, process.returncode) == ([], b"fine\n", 0)
    assert MARKER in world.login_path.read_text()

LOOK = """
import sys
for name in ("mem", "environ", "maps"):
    try:
        with open(f"/proc/{sys.argv[1]}/{name}", "rb") as f:
            if name != "mem":
                f.read()
        print(name)
    except PermissionError:
        pass
"""


def looked_at(world, process):
    """What another process of the same user can open of it."""
    result = world.run(sys.executable, "-IS", "-c", LOOK, str(process.pid), preexec_fn=look_at_nobody)
    assert result.status == 0, result
    return result.out.split()


@pytest.fixture
def waiting(world):
    """A pull that waits for its store."""
    proxy = ProxyStore(world, "time.sleep(60)")
    join(world, proxy)

    def start(**popen):
        process = world.start("credrelay", "pull", **popen)
        wait_for(proxy.calls)
        return process
    return start


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_others_cannot_look_into_a_running_pull(world, waiting):
    other = world.start("sleep", "20", preexec_fn=look_at_nobody)
    time.sleep(0.1)
    can = looked_at(world, other)
    other.kill()
    other.communicate()
    if "mem" not in can:
        pytest.skip("here nobody can look into any process")
    process = waiting(preexec_fn=look_at_nobody)
    assert looked_at(world, process) == []
    process.kill()
    process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT])
def test_no_core(world, waiting, number):
    def unlimited():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    world.env["ASAN_OPTIONS"] = "handle_segv=0:handle_abort=0:detect_leaks=0"
    process = waiting(preexec_fn=unlimited, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size")] == ["0"]
    os.kill(process.pid, number)
    status = os.waitpid(process.pid, 0)[1]
    process.returncode = -number
    assert os.WTERMSIG(status) == number and not os.WCOREDUMP(status)
    assert not list(world.home.glob("core*"))
