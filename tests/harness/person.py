"""A person at a terminal: a program on a pseudo-terminal of its own, which is what /dev/tty is to it.

    with Person(world, "credrelay", "join") as person:
        person.sees("Passphrase: ")
        person.types("k7m2x\\n")
        assert person.ends() == 0
        assert "Passphrase" in person.screen

Its standard streams are the terminal, but for those given (as for subprocess.Popen)."""
import fcntl
import os
import re
import select
import signal
import subprocess
import termios
import time

PATIENCE = 60  # seconds for anything at all to happen, on a loaded machine
END = b"\0that was all\0"


class Person:
    def __init__(self, world, *argv, env=None, **streams):
        self.master, self.slave = os.openpty()
        mode = termios.tcgetattr(self.slave)
        mode[1] &= ~termios.OPOST  # "\n" as it was written
        termios.tcsetattr(self.slave, termios.TCSANOW, mode)
        self.screen = ""
        self._bytes = b""
        options = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **streams}
        self.process = world.start(*argv, env=env, preexec_fn=self._take_the_terminal, **options)

    def _take_the_terminal(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def _look(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self._bytes += os.read(self.master, 65536)
        self.screen = self._bytes.decode(errors="replace")
        return True

    def sees(self, pattern):
        """Wait until PATTERN, a regular expression, is on the screen; the match."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.screen)):
            assert time.monotonic() < end, f"{pattern!r} does not come; there is: {self.screen!r}"
            self._look(0.1)
        return found

    def sees_again(self, pattern):
        """The same for what comes after what has been seen."""
        self._bytes, self.screen = b"", ""
        return self.sees(pattern)

    def types(self, text):
        os.write(self.master, text.encode())

    def pastes(self, text):
        """More than a terminal holds at once is taken off it as it goes."""
        for at in range(0, len(text), 512):
            self.types(text[at:at + 512])

    def echoes(self):
        """Does the terminal show what is typed?"""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def waits_for_silence(self):
        """Until the program has turned the echo off."""
        end = time.monotonic() + PATIENCE
        while self.echoes():
            assert time.monotonic() < end, "the echo stays"
            self._look(0.02)

    def ends(self):
        """The exit status, negative for a signal; what it said last is on the screen."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end; there is: {self.screen!r}"
            self._look(0.02)
        self._take_the_rest()
        return self.process.returncode

    def _take_the_rest(self):
        """What was written last may still be on its way through the terminal: a word of ours comes after it."""
        end = time.monotonic() + PATIENCE
        os.write(self.slave, END)
        while END not in self._bytes:
            assert time.monotonic() < end, "the terminal keeps back what was written"
            self._look(0.1)
        self._bytes = self._bytes.replace(END, b"")
        self.screen = self._bytes.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        os.close(self.master)
        os.close(self.slave)
