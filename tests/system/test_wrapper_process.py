"""The wrapper is not there: signals, job control, exit statuses, and the world the client finds."""
import fcntl
import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from harness.process import gone as has_ended
from harness.relay import wait_for as until
from harness.wrapped import publish

# What a program can see of its world; prints it as JSON.
DUMP = f"""#!{sys.executable} -IS
import json, os, resource, signal
def fds():
    found = {{}}
    for name in os.listdir("/proc/self/fd"):
        try:
            info = os.fstat(int(name))
            found[name] = [info.st_dev, info.st_ino, __import__("fcntl").fcntl(int(name), 3)]
        except OSError:
            pass
    return found
def status():
    keys = ("SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Seccomp", "CapEff")
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return {{key: lines[key].strip() for key in keys}}
mask = os.umask(0)
seen = {{"fds": fds(), "status": status(), "umask": mask, "cwd": os.getcwd(), "env": dict(os.environ),
        "pgid": os.getpgrp(), "sid": os.getsid(0), "dumpable": os.stat("/proc/self/mem").st_uid,
        "nice": os.nice(0), "cpus": sorted(os.sched_getaffinity(0)),
        "limits": {{name: resource.getrlimit(getattr(resource, name)) for name in dir(resource)
                   if name.startswith("RLIMIT_")}}}}
for name in "01":
    seen["fds"].pop(name, None)
with open(os.environ["HOME"] + "/seen", "w") as file:
    json.dump(seen, file)
"""

# Reports every signal on a line of its own; TERM twice or a line on stdin ends it.
LISTENER = f"""#!{sys.executable} -IS
import os, signal, sys
def hear(number, frame):
    os.write(1, b"%d\\n" % number)
for number in (1, 2, 3, 10, 12, 14, 15, 18, 28):
    signal.signal(number, hear)
os.write(1, b"ready\\n")
while not os.path.exists(os.environ["HOME"] + "/enough"):
    signal.sigtimedwait([], 0.05)
"""


@pytest.fixture
def machine(world):
    publish(world)
    return world


def seen(world, *argv, **popen):
    world.run(*argv, **popen)
    return json.loads((world.home / "seen").read_text())


def odd_world():
    """A world with something of everything that could get lost."""
    os.setpgid(0, 0)
    os.umask(0o027)
    resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 400))
    os.nice(1)
    os.dup2(os.open("/etc/passwd", os.O_RDONLY), 7)
    os.dup2(os.open("/dev/null", os.O_RDWR), 101)
    for number in (signal.SIGUSR1, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD])


def plain_world():
    os.setpgid(0, 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("prepare", [plain_world, odd_world])
def test_the_client_finds_the_world_as_without_us(machine, prepare):
    machine.program("claude", DUMP)
    machine.env["ASAN_OPTIONS"] += ":disable_coredump=0"  # it would set a limit of its own
    options = {"preexec_fn": prepare, "close_fds": False, "stderr": subprocess.DEVNULL}
    direct = seen(machine, "claude", "-p", "ok", **options)
    wrapped = seen(machine, "claude-p", "ok", **options)
    for world in direct, wrapped:
        # World.run makes new pipes and groups each time.
        for key in ("pgid", "sid"):
            world.pop(key)
    assert wrapped == direct


def test_no_variable_of_ours(machine):
    machine.program("claude", DUMP)
    assert not [key for key in seen(machine, "claude-p", "ok")["env"] if "PASSED" in key]


@pytest.mark.parametrize("fd", [0, 1, 2])
def test_a_closed_stream_is_closed_for_the_client(machine, fd):
    machine.program("claude", f"#!/bin/sh\n[ -e /proc/$$/fd/{fd} ] || exit 9\n")
    closed = f"{fd}{'<' if fd == 0 else '>'}&-"
    assert machine.run("sh", "-c", f"exec claude-p ok {closed}").status == 9
    assert machine.run("sh", "-c", "exec claude-p ok").status == 0


def test_every_exit_status(machine):
    machine.program("claude", '#!/bin/sh\nexit $2\n')
    script = 'i=0; while [ $i -le 255 ]; do claude-p $i; echo $?; i=$((i + 1)); done'
    assert machine.run("sh", "-c", script).out == "".join(f"{i}\n" for i in range(256))


@pytest.mark.parametrize("number", [1, 2, 3, 4, 6, 8, 9, 11, 13, 14, 15, 10, 12, 24, 34])
def test_dies_as_the_client_died(machine, number):
    machine.program("claude", "#!/bin/sh\nulimit -c 0; echo out; kill -$2 $$\n")
    result = machine.run("claude-p", number)
    assert (result.status, result.out) == (-number, "out\n")


def listen(machine, **popen):
    machine.program("claude", LISTENER)
    process = machine.start("claude-p", "ok", **popen)
    assert process.stdout.readline() == b"ready\n"
    return process


def hears(process):
    """The next signal the client tells of; one that is lost fails the test, and hangs nobody."""
    if not select.select([process.stdout], [], [], 60)[0]:
        process.kill()
        pytest.fail("no signal has reached the client")
    return int(process.stdout.readline())


def heard(machine, process):
    """What else it tells of until it ends; a second delivery would come at once."""
    time.sleep(0.2)
    (machine.home / "enough").touch()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return [int(line) for line in out.split()]


@pytest.mark.parametrize("number", [1, 2, 3, 10, 12, 14, 15, 18, 28])
def test_a_signal_reaches_the_client_once(machine, number):
    process = listen(machine)
    process.send_signal(number)
    assert hears(process) == number
    assert heard(machine, process) == []


def test_many_signals_in_order_of_arrival(machine):
    process = listen(machine)
    for number in (10, 12, 15, 2):
        process.send_signal(number)
        assert hears(process) == number
    assert heard(machine, process) == []


def test_an_alarm_set_before_rings_at_the_client(machine):
    process = listen(machine, preexec_fn=lambda: signal.alarm(5))  # by then it listens
    assert hears(process) == 14
    assert heard(machine, process) == []


def test_ignored_signals_stay_ignored(machine):
    """nohup"""
    machine.program("claude", "#!/bin/sh\nkill -HUP $$; echo survived\n")
    assert machine.run("nohup", "claude-p", "ok").out == "survived\n"


def gone(pid, within=60):
    end = time.monotonic() + within
    while time.monotonic() < end:
        if has_ended(pid):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no death signal")
def test_sigkill_takes_the_client_along(machine):
    machine.program("claude", "#!/bin/sh\ntrap '' TERM HUP\necho $$\nwhile :; do sleep 0.1; done\n")
    process = machine.start("claude-p", "ok")
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    assert gone(pid)


def test_a_reader_that_does_not_read_keeps_no_signal_away(machine):
    machine.program("claude", "#!/bin/sh\nexec yes\n")
    process = machine.start("claude-p", "ok")
    time.sleep(0.5)  # every pipe is full
    process.terminate()
    assert process.wait(timeout=30) == -15


def test_an_ended_client_and_a_reader_that_does_not_read(machine):
    """Its output waits for the reader, but not against our being told to end."""
    machine.program("claude", "#!/bin/sh\nhead -c 130000 /dev/zero\n")
    process = machine.start("claude-p", "ok")
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=30) == -15


# -- the terminal --------------------------------------------------------------------------------

class Terminal:
    """A shell with job control, or one program, on a terminal of its own."""

    def __init__(self, world, *argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(world.home)
            os.execvpe(argv[0], argv, {**world.env, "PS1": "$ ", "TERM": "dumb"})
        settings = termios.tcgetattr(self.fd)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)
        self.text = b""

    def type(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, text, within=60):
        import select
        end = time.monotonic() + within
        text = text.encode()
        while text not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.fd, 65536)
                except OSError:
                    break
        assert text in self.text, self.text
        before, _, self.text = self.text.partition(text)
        return before.decode()

    def close(self):
        os.close(self.fd)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


@pytest.fixture
def terminal(machine):
    opened = []

    def open_one(*argv):
        opened.append(Terminal(machine, *argv))
        return opened[-1]
    yield open_one
    for one in opened:
        try:
            one.close()
        except OSError:
            pass


# With stdin from elsewhere the client is under the wrapper, not in its place.
WATCHED = "claude-p ok </dev/null >out; echo status $?\n"


def wait_for(path, text):
    end = time.monotonic() + 60
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() < end, (text, path.exists() and path.read_text())
        time.sleep(0.02)


def test_keys_and_size_of_the_terminal_arrive_once(machine, terminal):
    machine.program("claude", LISTENER)
    shell = terminal("bash", "--norc", "--noprofile", "-i")
    shell.type(WATCHED)
    out = machine.home / "out"
    wait_for(out, "ready")
    for key, number in (("\x03", 2), ("\x1c", 3)):
        shell.type(key)
        wait_for(out, f"\n{number}\n")
    fcntl.ioctl(shell.fd, termios.TIOCSWINSZ, b"\x30\0\x50\0\0\0\0\0")
    wait_for(out, "28\n")
    (machine.home / "enough").touch()
    shell.read_until("status 0")
    assert out.read_text() == "ready\n2\n3\n28\n"


def test_job_control(machine, terminal):
    # No shell: one that is stopped between vfork(2) and exec(2) of a command stops for nobody.
    machine.program("claude", f"""#!{sys.executable} -IS
import os, time
i = 0
while not os.path.exists("enough"):
    i += 1
    with open("new", "w") as out:
        print(i, file=out)
    os.replace("new", "count")
    time.sleep(0.05)
print("done")
""")
    shell = terminal("bash", "--norc", "--noprofile", "-i")
    shell.type(WATCHED)
    until(lambda: (machine.home / "count").exists())
    shell.type("\x1a")
    shell.read_until("status 148")  # stopped by SIGTSTP, as without us
    count = (machine.home / "count").read_text()
    time.sleep(0.3)
    assert (machine.home / "count").read_text() == count  # both stand still
    shell.type("bg; jobs\n")
    shell.read_until("Running")
    until(lambda: (machine.home / "count").read_text() != count)
    shell.type("fg\n")
    shell.read_until("claude-p")  # the shell names what it brings to the front,
    until(lambda: os.tcgetpgrp(shell.fd) != shell.pid)  # and then does
    shell.type("\x1a")
    shell.read_until("Stopped")
    (machine.home / "enough").touch()
    shell.type("fg; echo status $?\n")
    shell.read_until("status 0")
    assert (machine.home / "out").read_text() == "done\n"


def test_a_client_that_takes_its_time_to_stop(machine, terminal):
    """It catches SIGTSTP, cleans up, stops itself; and hears SIGCONT once."""
    machine.program("claude", f"""#!{sys.executable} -IS
import os, signal, time
def stop(*_):
    time.sleep(0.2); os.write(1, b"cleaned\\n"); os.kill(os.getpid(), signal.SIGSTOP)
signal.signal(signal.SIGTSTP, stop)
signal.signal(signal.SIGCONT, lambda *_: os.write(1, b"on\\n"))
os.write(1, b"ready\\n")
while not os.path.exists("enough"):
    time.sleep(0.02)
""")
    shell = terminal("bash", "--norc", "--noprofile", "-i")
    shell.type(WATCHED)
    wait_for(machine.home / "out", "ready")
    shell.type("\x1a")
    shell.read_until("status 14")
    assert (machine.home / "out").read_text() == "ready\ncleaned\n"
    shell.type("fg; echo status $?\n")
    wait_for(machine.home / "out", "on\n")
    time.sleep(0.3)  # a second SIGCONT would be heard
    (machine.home / "enough").touch()
    shell.read_until("status 0")
    assert (machine.home / "out").read_text() == "ready\ncleaned\non\n"


def test_a_terminal_that_hangs_up(machine, terminal):
    """The wrapper is the session's leader, as under ssh -t: it alone is told."""
    machine.program("claude", "#!/bin/sh\necho $$ >pid\nwhile :; do sleep 0.1; done\n")
    one = terminal("claude-p", "-d", "--output-format", "json", "ok")
    wait_for(machine.home / "pid", "\n")
    pid = int((machine.home / "pid").read_text())
    one.close()
    assert gone(pid)


def test_a_terminal_that_hangs_up_under_the_wrapper(machine, terminal):
    machine.program("claude", "#!/bin/sh\necho $$ >pid\nwhile :; do sleep 0.1; done\n")
    one = terminal("sh", "-c", "exec claude-p ok </dev/null >/dev/null")
    wait_for(machine.home / "pid", "\n")
    pid = int((machine.home / "pid").read_text())
    status = one.close()
    assert gone(pid)
    assert status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == 1


def test_a_person_at_the_terminal_gets_the_client_itself(machine, terminal):
    machine.program("claude", "#!/bin/sh\ntest -t 0 && test -t 1 && echo pid $$ of $PPID; exit 5\n")
    shell = terminal("bash", "--norc", "--noprofile", "-i")
    # In quotes, so that a shell that echoes what is typed has not said it before it did it.
    shell.type("echo 'she'll $$; claude-p hello; echo 'sta'tus $?\n")
    shell.read_until("shell ")
    pid = shell.read_until("\r\n")
    shell.read_until(f"of {pid}")  # no process between
    shell.read_until("status 5")
