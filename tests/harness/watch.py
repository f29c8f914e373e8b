"""A watcher that runs for as long as a test wants it.

    with Watcher(machine) as watcher:            everything is watched from here on
        machine.write_login(...)
        wait_for(lambda: store.shared())
    assert watcher.status == 0
"""
import json
import os
import signal
import subprocess
import time

from harness.relay import wait_for

ASAN = "asan" in os.environ.get("CREDRELAY_BUILD", "")


class Watcher:
    """`credrelay watch --json`, started and armed.  What it says goes into files of the machine's."""

    def __init__(self, machine, *options, before=(), env=None):
        self.machine = machine
        self.argv = [*before, "credrelay", "watch", "--json", *options]
        self.env = env
        self.out = machine.home / "watch.out"
        self.err = machine.home / "watch.err"
        self.status = None

    def __enter__(self):
        began = int(time.time() * 1000) - 1
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = self.machine.start(*self.argv, env=self.env, stdout=out, stderr=err)
        try:
            wait_for(lambda: self.state().get("since", 0) > began or self.process.poll() is not None, 60)
            assert self.process.poll() is None, self.err.read_text()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(self, *_):
        if self.status is None:
            self.end()

    def end(self, how=signal.SIGTERM):
        """End it and wait for that; its exit status."""
        self.process.send_signal(how)
        try:
            self.status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        return self.status

    @property
    def pid(self):
        return self.state()["pid"]

    def state(self):
        """What it says of itself."""
        try:
            return json.loads((self.machine.state / "watch.json").read_text())
        except FileNotFoundError:
            return {}

    def relay(self, name="claude"):
        return next((r for r in self.state().get("relays", []) if r["relay"] == name), {})

    def events(self, did=None):
        """Of the watcher itself; DID: "failing", ..."""
        return [e for e in self.machine.events("watch") if did in (None, e["did"])]

    def said(self):
        """[event, ...] as it printed them."""
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def synced(self):
        """Wait until the first sync has been answered."""
        wait_for(lambda: self.relay().get("synced_at", 0) >= self.state()["since"], 60)
        return self


def status_of(pid, field):
    """A number of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":"))
