"""Everybody at once: 32 publishers, pullers and wrappers on one home and one store, whose client
refreshes with single-use tokens, while people log in here and on another machine, and a killer ends
whom it likes.  No reader ever sees a torn or earlier login, nothing is left behind, nobody hangs.

Once on the embedded store, whose versions never go back; once on Parameter Store, where a racer's put
can cover a later login for a moment, and must not in the end."""
import collections
import contextlib
import json
import random
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.login_reader import order
from harness.parameter_store import WRITER
from harness.relay import RENEWABLE, SHARED, LocalStore, join, wait_for
from harness.stepper import EVERYTHING, TEMPORARY
from harness.watch import ASAN

SECONDS = {"local": 60 if EVERYTHING else 8, "ssm": 60 if EVERYTHING else 4}
WORKERS = 8 if ASAN else 32  # starting a program takes so much longer there that nobody else would get a turn
BOUND = 120       # seconds; whatever takes longer hangs
LIFETIME = 301    # seconds; the client refreshes when less than 300 are left
BESIDE = {"mcpOAuth": {"server": {"token": "TEST-OTHER"}}}
READER = Path(__file__).parent.parent / "harness" / "login_reader.py"

COMMANDS = [["credrelay", "publish"], ["credrelay", "pull"], ["claude-p", "ok"], ["credrelay", "sync"]]

# How each may end besides with 0: an older login or none is not published (65), the file is not the
# one that was decided on or a lock is taken (75), nothing here can be mended (78); the client's own (1).
ENDS = {"publish": {65, 75}, "pull": {65, 75}, "sync": {65, 75, 78}, "ok": {1, 75, 78}}


@contextlib.contextmanager
def client_lock(machine):
    """What a client does when somebody logs in: the lock that ours take as well, taken over when its
    holder was killed."""
    lock = machine.home / ".claude.lock"
    until = time.monotonic() + BOUND
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            assert time.monotonic() < until, "the client's lock is never free"
        with contextlib.suppress(OSError):
            if time.time() - lock.stat().st_mtime > 10:
                lock.rmdir()
        time.sleep(0.005)
    try:
        yield
    finally:
        lock.rmdir()


class Local(LocalStore):
    settings = ""

    def versions(self):
        """[(version, value), ...] of the shared value, as many as can be seen at once."""
        answer = self.ask("get")
        return [(answer["version"], answer["value"])] if answer["ok"] else []

    def puts(self):
        return self.version(SHARED) + self.version(RENEWABLE)


class Ssm:
    """The strict Parameter Store, asked past the program under test."""

    settings = f"reader-profile = {WRITER}\nwriter-profile = {WRITER}\n"

    def __init__(self, parameters):
        self.parameters, self.url = parameters, parameters.url()

    def versions(self):
        return [(v["version"], v["value"]) for v in self.parameters.history()]

    def shared(self):
        return json.loads(self.versions()[-1][1])["claudeAiOauth"]

    def puts(self):
        return sum(self.parameters.get(path)["version"]
                   for path in (self.parameters.path, self.parameters.path + ".renewable"))


class Storm:
    def __init__(self, home, laptop, api, store, kind):
        self.home, self.laptop, self.api, self.store, self.kind = home, laptop, api, store, kind
        self.over = threading.Event()
        self.lock, self.running = threading.Lock(), {}
        self.ends, self.wrong = collections.Counter(), []
        self.kills = self.logins = 0
        self.stored = {}  # {version: its login's place in the order of time}

    # -- who takes part ----------------------------------------------------------------------------

    def worker(self, argv):
        """One command over and over."""
        while not self.over.is_set():
            process = self.home.start(*argv)
            with self.lock:
                self.running[process.pid] = process
            out, err = process.communicate(timeout=BOUND)
            with self.lock:
                del self.running[process.pid]
            self.judge(argv, process, out.decode(), err.decode())

    def judge(self, argv, process, out, err):
        status, killed = process.returncode, getattr(process, "was_killed", False)
        self.ends[argv[-1], status] += 1
        if status == 0 or status in ENDS[argv[-1]] or (killed and status == -9):
            return
        self.wrong.append(f"{' '.join(argv)} ended with {status}: {err or out}")

    def killer(self, dice):
        """Of ours whoever comes to be there; the plan is fixed, whom it meets is not."""
        while not self.over.wait(dice.uniform(0.02, 0.2)):
            with self.lock:
                pids = sorted(self.running)
                if pids:
                    victim = self.running[dice.choice(pids)]
                    if victim.poll() is None:
                        victim.was_killed = True
                        victim.kill()
                        self.kills += 1

    def people(self, dice):
        """Somebody logs in, here or on the laptop, each login later than all before it."""
        while not self.over.wait(dice.uniform(0.2, 1.2)):
            self.logins += 1
            if dice.random() < 0.5:
                with client_lock(self.home):
                    self.home.human_login(self.api)
            else:
                self.laptop.human_login(self.api)
                published = self.laptop.run("credrelay", "publish", timeout=BOUND)
                if published.status not in (0, 65, 75):
                    self.wrong.append(f"the laptop's publish: {published}")

    def onlooker(self):
        """What the store holds, in the order of time."""
        while not self.over.wait(0.05):
            self.look()

    def look(self):
        for version, value in self.store.versions():
            place = order(json.loads(value)["claudeAiOauth"])
            if self.stored.setdefault(version, place) != place:
                self.wrong.append(f"version {version} has changed")

    # -- the whole ---------------------------------------------------------------------------------

    def has_raged(self):
        return self.wrong or (self.kills > 8 and self.logins > 2 and len(self.stored) > 2)

    def thread(self, work, *arguments):
        def guarded():
            try:
                work(*arguments)
            except Exception as error:  # else it would only be printed
                self.wrong.append(f"{work.__name__}: {type(error).__name__}: {error}")
        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    def rage(self, seconds):
        """What the reader of the file has seen."""
        reader = self.home.start(sys.executable, "-IS", READER, self.home.login_path, stdin=-1)
        threads = [self.thread(self.worker, COMMANDS[n % len(COMMANDS)]) for n in range(WORKERS)]
        threads += [self.thread(self.killer, random.Random(1)), self.thread(self.people, random.Random(2)),
                    self.thread(self.onlooker)]
        time.sleep(seconds)
        wait_for(self.has_raged, BOUND)  # also on a slow machine
        self.over.set()
        for thread in threads:
            thread.join(2 * BOUND)
            assert not thread.is_alive(), "it hangs"
        out, err = reader.communicate(timeout=BOUND)
        assert reader.returncode == 0, err.decode()
        return json.loads(out)


@pytest.fixture
def local(tmp_path):
    return Local(tmp_path / "shared" / "store.db")


@pytest.fixture
def ssm(parameter_store):
    return Ssm(parameter_store)


@pytest.fixture(params=["local", "ssm"])
def storm(request, machines, api):
    home, laptop = machines("home", "laptop")
    store = request.getfixturevalue(request.param)
    for machine in (home, laptop):
        join(machine, store, more=store.settings)
        machine.install_client(api)
        if request.param == "ssm":
            machine.write_aws_profiles(**store.parameters.profiles())
    api.set(access_lifetime=LIFETIME, refresh_revokes=True)
    for machine in (home, laptop):  # one after the other: made in one millisecond, neither would be the later one
        machine.write_login({**BESIDE, "claudeAiOauth": api.login()})
        assert machine.run("credrelay", "publish").status == 0
    assert home.run("credrelay", "sync").status == 0
    return Storm(home, laptop, api, store, request.param)


def settle(storm):
    """The next run, once the locks of those killed may be taken over."""
    def done():
        result = storm.home.run("credrelay", "sync", timeout=BOUND)
        assert result.status in (0, 75), result
        return result.status == 0
    wait_for(done, BOUND)


def test_storm(storm, record_property):
    seen = storm.rage(SECONDS[storm.kind])
    settle(storm)
    storm.look()
    places = [storm.stored[version] for version in sorted(storm.stored)]
    counts = {"puts": storm.store.puts(), "reads": seen["reads"], "kills": storm.kills, "logins": storm.logins,
              "refreshes": storm.api.counts()["refreshes"], "blank": seen["blank"]}
    for name, count in counts.items():
        record_property(name, count)
    record_property("cases", sum(storm.ends.values()))
    record_property("hits", storm.kills)

    assert storm.wrong == []
    assert seen["wrong"] == []
    assert storm.kind == "ssm" or places == sorted(places), "the store went back"
    assert places[-1] == max(places), "the store has an earlier login in the end"
    left = [f.name for folder in (storm.home.login_path.parent, storm.home.state) for f in folder.rglob("*")
            if ".credrelay-" in f.name]
    assert left == []
    file, stored = storm.home.read_login(), storm.store.shared()
    assert file["claudeAiOauth"]["accessToken"] == stored["accessToken"] and file["mcpOAuth"] == BESIDE["mcpOAuth"]
    assert seen["reads"] > 100
