"""Two writers that log in over and over and publish at the same time: the store has no
compare-and-swap, and still ends at the freshest login, with a bounded number of puts."""
import itertools
import json
import threading
import time

import pytest

from harness.parameter_store import policy, allow
from harness.world import login

PUTS = 200  # of each

CONFIG = """[claude]
role = writer
store = {store}
{more}
"""


# What the one is told whose login the other's has overtaken before it could be put.
OVERTAKEN = ["not published: the store's login is the later one",
             "not published: the login here is an older one, seen before"]


class Race:
    """Two machines with one counter: each login expires later than every one before it."""

    def __init__(self, machines, store, more):
        self.store = store
        self.machines = machines("mac-1", "mac-2")
        self.numbers, self.lock = itertools.count(1), threading.Lock()
        self.answers = []
        keys = store.user("racer", policy(allow("ssm:*", "*")))
        for machine in self.machines:
            machine.write_aws_profiles(default=keys)
            machine.configure(CONFIG.format(store=store.url(), more=more))
        self.base = time.time()
        store.faults([])

    def one_login(self, machine):
        with self.lock:
            number = next(self.numbers)
        machine.write_login(login(access=f"sk-ant-oat01-TEST-{number}", refresh=f"sk-ant-ort01-TEST-{number}",
                                  expires_in=8 * 3600 + number * 60))
        return number

    def write(self, machine, puts):
        for _ in range(puts):
            self.one_login(machine)
            result = machine.run("credrelay", "publish")
            if result.status != 0 and not any(text in result.err for text in OVERTAKEN):
                self.answers.append((result.status, result.err))

    def run(self, puts):
        threads = [threading.Thread(target=self.write, args=[machine, puts]) for machine in self.machines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def stored(self):
        """Numbers of the logins in the store, oldest version first."""
        return [int(json.loads(v["value"])["claudeAiOauth"]["accessToken"].rsplit("-")[-1])
                for v in self.store.history()]


@pytest.mark.parametrize("more", ["share-refresh-token = yes", ""], ids=["one value", "two values"])
def test_they_end_at_the_freshest_login(machines, parameter_store, more):
    puts = PUTS if more else PUTS // 8
    race = Race(machines, parameter_store, more)
    race.run(puts)
    freshest = next(race.numbers) - 1
    assert race.answers == []
    stored = race.stored()
    assert stored[-1] == freshest == 2 * puts, stored[-20:]
    count = [action for action, status in parameter_store.actions() if action == "PutParameter"]
    least = 2 * puts * (1 if more else 2)
    assert len(count) <= least * 1.5, (len(count), least)
    # Whoever syncs now gets that one, and nothing more is put.
    for machine in race.machines:
        assert machine.run("credrelay", "sync").status == 0
        assert machine.access_token() == f"sk-ant-oat01-TEST-{freshest}"
    assert race.stored() == stored
