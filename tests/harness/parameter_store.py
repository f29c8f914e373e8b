"""The strict Parameter Store (fake/parameter_store.py) as a fixture, and its users.

    def test_it(world, parameter_store):
        world.write_aws_profiles(**parameter_store.profiles())
        parameter_store.put('{"claudeAiOauth":{}}')
        ... store = parameter_store.url() ...
        assert parameter_store.history()[-1]["value"] == ...

One server for each worker, started by the first test that asks; each test has a parameter of its
own, so that nothing has to be cleared.
"""
import itertools
import json
import os
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

SERVER = Path(__file__).resolve().parent.parent / "fake" / "parameter_store.py"
ACCOUNT = "123456789012"
REGION = "us-west-2"
READER, WRITER = "claude-creds-reader", "claude-creds-writer"

numbers = itertools.count(1)


def start_server(*arguments, env=None):
    """(process, port)"""
    process = subprocess.Popen(
        [os.environ["MOTO_PYTHON"], SERVER, "-p", "0", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LANG": "C.UTF-8",
             "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = process.stdout.readline().strip()
    assert port, "the Parameter Store did not start"
    return process, int(port)


def end_server(process):
    process.terminate()
    process.wait(60)


def parameter_arn(path, region=REGION):
    return f"arn:aws:ssm:{region}:{ACCOUNT}:parameter{path}"


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions, resources):
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def allow_kms(action, key_arn="*", region=REGION):
    return {"Effect": "Allow", "Action": action, "Resource": key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"ssm.{region}.amazonaws.com"}}}


def reader_policy(path):
    """What a machine that only reads may do."""
    return policy(allow("ssm:GetParameter", parameter_arn(path)), allow_kms("kms:Decrypt"))


def writer_policy(path, literal=False):
    """LITERAL: exactly the request's wording, the one parameter and nothing beside it."""
    if literal:
        return policy(
            allow(["ssm:GetParameter", "ssm:PutParameter"], parameter_arn(path)),
            allow_kms(["kms:Encrypt", "kms:Decrypt"]))
    both = [parameter_arn(path), parameter_arn(path + ".renewable")]
    return policy(
        allow(["ssm:GetParameter", "ssm:PutParameter", "ssm:GetParameterHistory"], both),
        allow_kms(["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]))


class ParameterStore:
    """One test's view: its parameter, its users, and the server's door for tests."""

    def __init__(self, port, path, scheme="http"):
        self.endpoint = f"{scheme}://127.0.0.1:{port}"
        self.door_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.region, self.path = REGION, path
        self.faults([])
        self.clock(0)
        self.iam_delay(0)
        self._users = {}

    def door(self, what, content=None):
        request = urllib.request.Request(f"{self.endpoint}/strict/{what}",
                                         data=json.dumps(content or {}).encode())
        with self.door_opener.open(request, timeout=120) as answer:
            return json.load(answer)

    # -- for the configuration of what is tested -------------------------------------------------

    def url(self, region=REGION, path=None, **query):
        query = {"endpoint": self.endpoint, **query}
        return f"ssm://{region}{path or self.path}?{urllib.parse.urlencode(query)}"

    def user(self, name, document, age=0):
        """(key id, secret) of an IAM user with that policy and no other; the key is AGE seconds old."""
        made = self.door("user", {"name": name, "policy": document, "age": age})
        return made["key"], made["secret"]

    def profiles(self, literal=False):
        """The two users with just what they need, as World.write_aws_profiles takes them."""
        if not self._users:
            self._users = {
                READER.replace("-", "_"): self.user(READER, reader_policy(self.path)),
                WRITER.replace("-", "_"): self.user(WRITER, writer_policy(self.path, literal))}
        return self._users

    def set_key(self, key, active):
        self.door("key", {"key": key, "active": active})

    def role(self, name, document, **more):
        """The ARN of a role with that policy.  MORE: external_id, web_token, longest."""
        return self.door("role", {"name": name, "policy": document, **more})["arn"]

    def session(self, role, **more):
        """Temporary keys of a role, as a metadata service hands them out."""
        return self.door("session", {"role": role, **more})

    def expire(self, key):
        self.door("expire", {"key": key})

    # -- as an administrator ---------------------------------------------------------------------

    def put(self, value, path=None, region=REGION, **more):
        """Returns the version.  MORE: type, tier, kms_key."""
        value = value if isinstance(value, str) else json.dumps(value)
        return self.door("put", {"region": region, "name": path or self.path, "value": value,
                                 **more})["version"]

    def raw_put(self, path, value, **more):
        return self.put(value, path=path, **more)

    def label(self, label, version):
        self.door("label", {"region": REGION, "name": self.path, "label": label, "version": version})

    def delete(self, path=None, region=REGION):
        self.door("delete", {"region": region, "name": path or self.path})

    def history(self, path=None, region=REGION):
        """Oldest first: version, value, type, tier, kms_key."""
        return self.door("history", {"region": region, "name": path or self.path})

    def get(self, path=None, region=REGION):
        """The newest version as history() shows it, or None."""
        return (self.history(path, region) or [None])[-1]

    # -- the server's behaviour ------------------------------------------------------------------

    def faults(self, faults):
        """What the next requests meet: see fake/parameter_store.py.  Empties the log."""
        self.door("faults", faults or [])

    def clock(self, offset):
        """Set AWS's clock OFFSET seconds ahead of the real one."""
        self.door("clock", {"offset": offset})

    def iam_delay(self, seconds, service=None):
        """How long AWS takes to know a new access key; a service ("ssm") its own time."""
        self.door("delay", {"seconds": seconds, "service": service})

    def refuse_new_keys(self, times, service):
        """A service ("sts", "ssm") refuses access keys that are made from now on so many times."""
        self.door("strange", {"times": times, "service": service})

    def users(self):
        """{user: {"keys": {id: "Active" or "Inactive"}, "policies": {name: document}}}"""
        return self.door("users")

    def quiet(self):
        """What was sent by somebody who is gone has been carried out, or never will be."""
        self.door("quiet")

    def forget(self, user):
        self.door("forget", {"user": user})

    def log(self, every=False):
        """Requests since faults(): {action, name, key, status, at}; those for this test's
        parameters, or EVERY one."""
        return [entry for entry in self.door("log")
                if every or entry["name"].split(":")[0] in (self.path, self.path + ".renewable")]

    def actions(self, every=False):
        """The log's [(action, status)]."""
        return [(entry["action"], entry["status"]) for entry in self.log(every)]


@pytest.fixture(scope="session")
def parameter_store_port():
    process, port = start_server()
    yield port
    end_server(process)


@pytest.fixture
def parameter_store(parameter_store_port):
    return ParameterStore(parameter_store_port, f"/claude/oauth-{next(numbers)}/credentials")


@pytest.fixture
def empty_parameter_store(parameter_store_port):
    """The same for the tests of every store (harness/stores.py): one path, empty, and an admin's
    keys as attributes."""
    store = ParameterStore(parameter_store_port, "/claude/oauth/credentials")
    store.delete()
    store.key, store.secret = store.user("admin", policy(allow("ssm:*", "*")))
    return store
