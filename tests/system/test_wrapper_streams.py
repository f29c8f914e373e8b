"""Every byte, in order, at once, and within bounded memory."""
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from harness.relay import wait_for
from harness.wrapped import FRESH, RECOVERED, STALE, lapse, publish

FORMATS = {
    "text": [],
    "json": ["--output-format", "json"],
    "stream": ["--output-format", "stream-json", "--verbose"],
}

FULL = ("[claude-p] the output could not be written: No space left on device\n"
        "[claude-p]   make room where the output goes: df -h\n")

# Writes the file ~/answer in pieces of random size, now and then after a pause, then reads stdin.
SPEAKER = f"""#!{sys.executable} -IS
import os, random, time
dice = random.Random(int(os.environ.get("SEED", "1")))
data = open(os.environ["HOME"] + "/answer", "rb").read()
at = 0
while at < len(data):
    n = dice.choice((1, 7, 100, 4096, 5000, 65536, 200000))
    while n and at < len(data):
        done = os.write(1, data[at:at + n])
        at, n = at + done, n - done
    if dice.random() < 0.05:
        time.sleep(0.001)
"""


@pytest.fixture
def machine(world):
    publish(world)
    return world


def answer(format, size):
    """SIZE bytes or so that FORMAT prints when all is well."""
    noise = random.Random(size).randbytes(size)
    if format == "text":
        return b"Here: " + noise
    text = noise.hex().encode()[:size]
    if format == "json":
        return b'{"type":"result","is_error":false,"result":"' + text + b'"}\n'
    line = b'{"type":"assistant","message":{"model":"m","content":"%s"}}\n'
    lines = [line % text[i:i + 30000] for i in range(0, size, 30000)]
    return b'{"type":"system"}\n' + b"".join(lines) + b'{"type":"result","is_error":false}\n'


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("target", ["pipe", "slow pipe", "file", "appended file", "socket", "terminal"])
def test_every_byte(machine, format, target):
    machine.program("claude", SPEAKER)
    size = 200_000 if target in ("slow pipe", "terminal") else 6_000_000
    expected = answer(format, size)
    if target == "terminal":
        expected = expected.replace(b"\n", b" ")
        format = "text" if format == "text" else format
    (machine.home / "answer").write_bytes(expected)
    got = run_into(machine, target, ["claude-p", "ok", *FORMATS[format]])
    assert len(got) == len(expected)
    assert hashlib.sha256(got).digest() == hashlib.sha256(expected).digest()


def run_into(machine, target, argv):
    if "file" in target:
        path = machine.home / "out"
        path.write_bytes(b"before\n" if target == "appended file" else b"")
        with open(path, "ab" if target == "appended file" else "r+b") as out:
            assert machine.run(*argv, stdout=out).status == 0
        return path.read_bytes().removeprefix(b"before\n")
    reader, writer = ends(target)
    process = machine.start(*argv, stdout=writer)
    os.close(writer)
    pieces = []
    while True:
        try:
            piece = os.read(reader, 777 if target == "slow pipe" else 65536)
        except OSError:
            break  # a terminal's end
        if not piece:
            break
        pieces.append(piece)
        if target == "slow pipe":
            time.sleep(0.001)
    os.close(reader)
    assert process.wait(timeout=120) == 0
    return b"".join(pieces)


def ends(target):
    if target == "socket":
        import socket
        a, b = socket.socketpair()
        return a.detach(), b.detach()
    if target == "terminal":
        import pty
        import tty
        reader, writer = pty.openpty()
        tty.setraw(writer)
        return reader, writer
    return os.pipe()


@pytest.mark.parametrize("format", FORMATS)
def test_the_first_line_is_shown_at_once(machine, format):
    machine.install_client()
    process = machine.start("claude-p", "line-sleep:60:first", *FORMATS[format])
    began = time.monotonic()
    lines = iter(process.stdout.readline, b"")
    if format == "json":
        process.kill()  # its one line comes at the end
        process.wait()
        return
    assert any(b"first" in line for line in lines)
    assert time.monotonic() - began < 30
    process.kill()
    process.wait()


def test_a_conversation_has_no_deadlock(machine):
    """Each line of input is answered before the next is sent; both directions are large."""
    machine.program("claude", f"""#!{sys.executable} -IS
import sys
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(b'{{"type":"assistant","message":{{"model":"m","echo":"%s"}}}}\\n' % line.strip())
    sys.stdout.buffer.flush()
""")
    process = machine.start("claude-p", "--input-format", "stream-json", *FORMATS["stream"],
                            stdin=subprocess.PIPE)
    for i in range(30):
        said = b"%d" % i * (1 if i % 3 else 100_000)
        feeder = threading.Thread(target=lambda: (process.stdin.write(said + b"\n"),
                                                  process.stdin.flush()))
        feeder.start()
        line = process.stdout.readline()
        feeder.join(timeout=120)
        assert said in line
    process.stdin.close()
    assert process.stdout.read() == b"" and process.wait(timeout=120) == 0


def test_both_directions_at_full_speed(machine):
    """Input and output together, the reader slow: neither waits for the other."""
    machine.program("claude", "#!/bin/sh\nexec cat\n")
    data = b"Hello, " + random.Random(5).randbytes(8 << 20)
    result = subprocess.run(["claude-p", "ok"], input=data, stdout=subprocess.PIPE,
                            env=machine.env, timeout=120)
    assert result.stdout == data


def test_stdin_that_never_ends(machine):
    machine.program("claude", "#!/bin/sh\nhead -1; echo over\n")
    reader, writer = os.pipe()
    os.write(writer, b"line\n")
    result = machine.run("claude-p", "ok", stdin=reader, timeout=120)
    assert result.out == "line\nover\n"
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("input", [b"", b"x", b"y" * 70_000, b"z" * 3_000_000])
def test_a_pipe_is_replayed_to_its_end(machine, input):
    """The first run reads a part of it, the second must get all, and the end."""
    lapse(machine)
    machine.program("claude", f"""#!/bin/sh
case $(cat "$HOME/.claude/.credentials.json") in
*{FRESH}*) sha256sum ;;
*) head -c 100000 >/dev/null; echo "Failed to authenticate. API Error: 401 x"; exit 1 ;;
esac
""")
    result = machine.run("claude-p", input=input, timeout=120)
    assert (result.status, result.err) == (0, RECOVERED)
    assert result.out.split()[0] == hashlib.sha256(input).hexdigest()


def test_input_too_large_to_keep(machine):
    """100 MB through a pipe: passed on whole, memory bounded, and no retry, which is said."""
    lapse(machine)
    machine.program("claude", "#!/bin/sh\nwc -c >count; echo 'Failed to authenticate. API Error: "
                              "401 x'; exit 1\n")
    script = "head -c 100000000 /dev/zero | claude-p"
    result = machine.run("sh", "-c", script)
    assert (machine.home / "count").read_text().strip() == "100000000"
    assert result.status == 1 and result.out.startswith("Failed to authenticate")
    assert result.err == ("[claude-p] auth lapsed; not retried: its input was larger than the 64 MiB "
                          "kept for a retry. The next run has a fresh login.\n")
    assert machine.access_token() == FRESH


def measured(machine, *argv, **popen):
    """(exit status, peak of resident memory in KiB) of one process without its children."""
    process = machine.start(*argv, **popen)
    if process.stdout:
        threading.Thread(target=lambda: process.stdout.read(), daemon=True).start()
    peak = 0
    while process.poll() is None:
        try:
            text = open(f"/proc/{process.pid}/status").read()
            peak = max(peak, int(text.split("VmHWM:")[1].split()[0]))
        except (FileNotFoundError, IndexError):
            pass
        time.sleep(0.01)
    return process.returncode, peak


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.skipif("asan" in os.environ.get("CREDRELAY_BUILD", ""), reason="its memory is its own")
@pytest.mark.parametrize("format", ["text", "stream"])
def test_much_output_in_little_memory(machine, format):
    line = 'yes \'{"type":"assistant","message":{"model":"m","content":"' + "x" * 900 + '"}}\''
    size = (1 << 30) if format == "text" else (64 << 20)
    machine.program("claude", f"#!/bin/sh\n{line if format == 'stream' else 'yes'} | head -c {size}\n")
    status, peak = measured(machine, "claude-p", "ok", *FORMATS[format], stdout=subprocess.DEVNULL)
    assert status == 0 and 0 < peak < 8192


def test_gibibytes_come_through_as_they_were(machine):
    gibibytes = 1 if "asan" in os.environ.get("CREDRELAY_BUILD", "") else 4
    machine.program("claude", f"#!/bin/sh\nseq 1 500000000 | head -c {gibibytes << 30}\n")
    both = [machine.run("sh", "-c", f"{command} | sha256sum", timeout=300).out
            for command in ("claude-p ok", "claude -p ok")]
    assert both[0] == both[1]


# -- readers and writers that go away ----------------------------------------------------------------

def test_sigpipe(machine):
    machine.program("claude", "#!/bin/sh\nexec yes\n")
    result = machine.run("bash", "-c", 'claude-p ok | head -1; echo "${PIPESTATUS[*]}"', timeout=120)
    assert result.out == "y\n141 0\n"


def test_a_reader_that_went_is_seen_at_the_next_write(machine):
    """As without us: the second line kills, not a third."""
    os.mkfifo(machine.home / "never")
    machine.program("claude", "#!/bin/sh\necho one\nuntil [ -e go ]; do sleep 0.05; done\necho two\n"
                              "read -r line <never\necho survived >&2\n")
    reader, writer = os.pipe()
    process = machine.start("claude-p", "ok", stdout=writer)
    os.close(writer)
    assert os.read(reader, 100) == b"one\n"
    os.close(reader)
    (machine.home / "go").touch()
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (-signal.SIGPIPE, b"")


def test_a_reader_that_never_was(machine):
    machine.program("claude", "#!/bin/sh\nwhile :; do echo one; done\n")
    reader, writer = os.pipe()
    os.close(reader)
    assert machine.run("claude-p", "ok", stdout=writer, timeout=120).status == -signal.SIGPIPE
    os.close(writer)


def test_a_reader_that_goes_before_we_look(machine):
    """The client has written and ended well by then: what it said was lost, as it would have noticed without us."""
    machine.program("claude", "#!/bin/sh\nkill -STOP $PPID\necho one\ntouch written\n")
    reader, writer = os.pipe()
    process = machine.start("claude-p", "ok", stdout=writer)
    os.close(writer)
    wait_for((machine.home / "written").exists)
    os.close(reader)
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (-signal.SIGPIPE, b"")


def test_a_writer_learns_that_the_client_reads_no_more(machine):
    machine.program("claude", "#!/bin/sh\nexec <&-\necho started\nsleep 1\n")
    result = machine.run("bash", "-c", 'yes | claude-p ok; echo "${PIPESTATUS[*]}"', timeout=120)
    assert result.out == "started\n141 0\n"


def test_a_full_disk_is_no_success(machine):
    machine.program("claude", "#!/bin/sh\necho one\nexit 0\n")
    result = machine.run("sh", "-c", "claude-p ok >/dev/full")
    assert (result.status, result.err) == (74, FULL)


@pytest.mark.parametrize("pipe, status", [("trap '' PIPE", 5), ("trap - PIPE", 74)])
def test_a_full_disk_is_told_whatever_the_client_makes_of_it(machine, pipe, status):
    """It is cut off, with another reason than it would have without us."""
    machine.program("claude", f"#!/bin/sh\n{pipe}\nwhile echo one; do sleep 0.1; done 2>/dev/null\nexit 5\n")
    result = machine.run("sh", "-c", "claude-p ok >/dev/full", timeout=120)
    assert (result.status, result.err) == (status, FULL)


def test_output_that_ends_before_the_client(machine):
    machine.program("claude", "#!/bin/sh\necho one\nexec >&-\nexec sleep 60\n")
    began = time.monotonic()
    process = machine.start("claude-p", "ok")
    assert process.stdout.read() == b"one\n"
    assert time.monotonic() - began < 30
    process.kill()
    process.wait()


def test_what_the_client_left_behind(machine):
    """Nobody waits for it, and what it prints still arrives."""
    machine.program("claude", "#!/bin/sh\n(until [ -e go ]; do sleep 0.05; done; echo later) &\necho now\n")
    process = machine.start("claude-p", "ok")
    assert process.wait(timeout=120) == 0
    (machine.home / "go").touch()
    assert process.stdout.read() == b"now\nlater\n"


def test_a_failed_run_that_left_something_behind(machine):
    lapse(machine)
    machine.program("claude", f"""#!/bin/sh
case $(cat "$HOME/.claude/.credentials.json") in
*{FRESH}*) echo ok ;;
*) (sleep 1; echo ghost) & echo "Failed to authenticate. API Error: 401 x"; exit 1 ;;
esac
""")
    result = machine.run("claude-p", "ok")
    assert (result.status, result.out, result.err) == (0, "ok\n", RECOVERED)
