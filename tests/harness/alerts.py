"""A machine whose runs are hopeless until they are mended, and who is told of it.

The client is a shell script, so that hundreds of runs cost little.  What sends messages in the
background is ended, by its pid, when a test ends.
"""
import json
import os
import signal
from pathlib import Path

import pytest

from harness.relay import wait_for

REFUSED = "Failed to authenticate. API Error: 401 Invalid authentication credentials"
CLIENT = f"""#!/bin/sh
case $(cat "$HOME/.claude/.credentials.json" 2>/dev/null) in
*FINE*) echo ok ;;
*) echo "{REFUSED}"; exit 1 ;;
esac
"""
# A reader whose store is empty, and who does not wait for a writer.
RELAY = "[claude]\nrole = reader\nrecover-wait = 0\npreflight = 1s\n"
WHY = "the store has no login yet"
REMEDY = "log in on a writer: claude /login"


class Owner:
    """Whoever is to be told: a machine with hopeless runs, and what its channels have been given."""

    def __init__(self, world):
        self.world = world
        world.program("claude", CLIENT)

    def configure(self, alert, relay=RELAY):
        self.world.configure(f"{relay}[alert]\n{alert}\n")

    # -- runs --------------------------------------------------------------------------------------

    def mend(self):
        self.world.write_login(access="sk-ant-oat01-TEST-FINE", refresh=None)

    def break_again(self):
        self.world.write_login(access="sk-ant-oat01-TEST-STALE", refresh=None)

    def run(self):
        return self.world.run("claude-p", "ok")

    def runs(self, count, at_once=10):
        """{exit status: how many}, of COUNT runs, AT_ONCE at a time."""
        ended = {}
        while count > 0:
            some = [self.world.start("claude-p", "ok") for _ in range(min(count, at_once))]
            count -= len(some)
            for process in some:
                process.communicate(timeout=120)
                ended[process.returncode] = ended.get(process.returncode, 0) + 1
        return ended

    # -- the books ---------------------------------------------------------------------------------

    def alert(self, *arguments):
        result = self.world.run("credrelay", "alert", "--json", *arguments)
        return json.loads(result.out)

    def settled(self):
        """Wait until nothing is left to be sent."""
        wait_for(lambda: self.alert()["pending"] == 0 and not self.senders(), 60)

    def books(self):
        return self.world.state / "claude.incident.json"

    def edit(self, change):
        """Change what the books say, as time would."""
        books = json.loads(self.books().read_text())
        change(books)
        self.books().write_text(json.dumps(books))

    # -- what sends --------------------------------------------------------------------------------

    def senders(self):
        """[pid] of this machine's."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                argv = (process / "cmdline").read_bytes().split(b"\0")
                environment = (process / "environ").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if argv[1:3] == [b"alert", b"send"] and f"HOME={self.world.home}\0".encode() in environment:
                found.append(int(process.name))
        return found

    def end_senders(self, how=signal.SIGKILL):
        for pid in self.senders():
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass


@pytest.fixture
def owner(world):
    o = Owner(world)
    yield o
    # No books, nothing to send: what sleeps goes, what is about to begin finds nothing.
    if o.books().exists():
        o.books().unlink()
    o.end_senders()
