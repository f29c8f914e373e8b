"""`credrelay aws rotate-key` killed and failed at system calls: at no point is there no working key in
the profile, a failure says so, the same again ends with a new key, and a key that was made and lost is
told and gone."""
import os
import random
import re

import pytest

from harness.parameter_store import ACCOUNT, REGION, allow, allow_kms, policy
from harness.stepper import ERRORS, EVERYTHING, STEP, TEMPORARY, in_parts
from harness.world import LIBEXEC

pytestmark = pytest.mark.skipif(
    not STEP.exists() or "asan" in os.environ.get("CREDRELAY_BUILD", ""),
    reason="steps through the system calls of the program as it is installed (Linux, x86-64)")

KILLS, FAILURES = 6, 6  # of some hundred calls; `make torture` takes them all
ROTATE = ["credrelay", "aws", "rotate-key", "--grace", "0"]


class Rotated:
    """One user's rotation, from the beginning each time."""

    def __init__(self, world, store):
        self.world, self.store = world, store
        self.user = store.path.split("/")[2] + "-reader"
        self.credentials = world.home / ".aws" / "credentials"
        store.put("a login")
        world.configure(f"[claude]\nrole = reader\nstore = {store.url()}\nreader-profile = {self.user}\n")

    def begin(self):
        self.store.clock(0)
        document = policy(
            allow("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{self.store.path}"),
            allow_kms("kms:Decrypt"), allow(["iam:*AccessKey*"], f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
        self.old, secret = self.store.user(self.user, document, age=86400)
        self.world.write_aws_profiles(**{self.user: (self.old, secret)})
        for path in self.world.state.glob("*"):
            path.unlink()

    def keys(self):
        return self.store.users()[self.user]["keys"]

    def in_profile(self):
        return re.search(r"^aws_access_key_id = (\w+)$", self.credentials.read_text(), re.M)[1]

    def works(self):
        """Asked of AWS, with what is in the profile."""
        request = (f'{{"credrelay":1,"op":"probe","name":"{self.store.path}","region":"{REGION}",'
                   f'"endpoint":"{self.store.endpoint}","profile":"{self.user}"}}\n')
        return self.world.run(LIBEXEC / "aws-admin", input=request).json["ok"]

    def step(self, at, way="kill"):
        report = self.world.home / "report"
        result = self.world.run(STEP, report, "credrelay", at, way, *ROTATE, timeout=120)
        words = dict(line.split(None, 1) for line in report.read_text().splitlines())
        return result, int(words["CALLS"]), words.get("HIT")


@pytest.fixture
def rotated(world, parameter_store):
    return Rotated(world, parameter_store)


def interrupt(r, at, way="kill"):
    """Killed or failed at call AT, then the same again.  False: it was over before."""
    r.begin()
    stopped, _, call = r.step(at, way)
    r.store.quiet()
    where = (way, at, call, stopped)
    if way == "kill":
        # Where it was a helper that was killed, before it was one, that is told.
        assert stopped.status == 128 + 9 or "was killed by signal 9" in stopped.err or not call, where
    else:
        assert stopped.status == 0 or (0 < stopped.status <= 78 and stopped.err.strip()), where
    assert call or stopped.status == 0, where
    made = set(r.keys()) - {r.old}
    assert r.in_profile() in r.keys() and r.works(), where
    if stopped.status == 0:
        assert r.keys() == {r.old: "Inactive", r.in_profile(): "Active"}, where
    r.store.clock(60)  # IAM lists by then what it has made
    again = r.world.run(*ROTATE, timeout=120)
    where = (*where, again)
    assert again.status == 0, where
    new = r.in_profile()
    assert r.keys() == {r.old: "Inactive", new: "Active"} and r.works(), where
    for lost in made - {new}:
        assert f"deleted key {lost}, which a rotation that was interrupted had made" in again.out, where
    finished = r.world.run("credrelay", "aws", "rotate-key", "--finish")
    assert (finished.status, r.keys()) == (0, {new: "Active"}), (*where, finished)
    assert not list(r.world.state.glob("*.json")), where
    left = [p for p in r.world.home.rglob("*") if TEMPORARY.search(p.name)]
    assert not left, (*where, left)
    return call is not None


failures = in_parts([*ERRORS, "short"] if EVERYTHING else ERRORS)  # few calls write


def plan(dice, ways, calls, count):
    """[(call, way), ...]"""
    if EVERYTHING:
        return [(at, way) for way in ways for at in range(1, calls + 1)]
    stride = calls // count
    return [(at, dice.choice(ways)) for at in range(dice.randrange(1, stride), calls, stride)]


def run_through(rotated, record_property, ways, count):
    rotated.begin()
    undisturbed, calls, _ = rotated.step(0)
    assert undisturbed.status == 0 and calls > 300, undisturbed
    hits, violations = [], []
    for at, way in plan(random.Random("rotate"), ways, calls, count):
        try:
            hits.append(interrupt(rotated, at, way))
        except AssertionError as error:
            violations.append(str(error))
    record_property("cases", len(hits) + len(violations))
    record_property("hits", sum(hits) + len(violations))
    assert not violations, "\n".join([f"{len(violations)} violations, the first:", *violations[:8]])
    return sum(hits) / len(hits)


def test_killed_at_a_call(rotated, record_property):
    assert run_through(rotated, record_property, ["kill"], KILLS) > 0.8


def test_failed_at_a_call(rotated, failures, record_property):
    share = run_through(rotated, record_property, failures, FAILURES)
    assert share > (0 if failures == ["short"] else 0.3)
