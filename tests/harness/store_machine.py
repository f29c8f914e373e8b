"""store-ssm called directly, on a machine that has the two users' profiles.

    def test_it(machine, parameter_store):
        assert machine.put(expect=0) == {"ok": True, "version": 1}
        assert machine.get(env={"AWS_PROFILE": "other"})["value"] == VALUE
        assert error(machine.get(version=9)) == ("not_found", message, hint)
"""
import json

import pytest

from harness.parameter_store import READER, WRITER
from harness.world import LIBEXEC

VALUE = json.dumps({"claudeAiOauth": {"accessToken": "sk-ant-oat01-TEST-Zürich-\"quoted\"\\",
                                      "expiresAt": 1795452612190, "scopes": ["user:inference"]}},
                   ensure_ascii=False)
PROFILES = {"reader-profile": READER, "writer-profile": WRITER}


class Machine:
    """A world whose store-ssm is called directly."""

    def __init__(self, world, store):
        self.world, self.store = world, store
        world.write_aws_profiles(**store.profiles())

    def call(self, op, role="writer", path=None, env=None, options=None, url=None, deadline_ms=60_000,
             **more):
        request = {"credrelay": 1, "op": op, "store": url or self.store.url(),
                   "path": path or self.store.path, "role": role, "machine": "machine-1",
                   "options": PROFILES if options is None else options, "deadline_ms": deadline_ms, **more}
        result = self.world.run(LIBEXEC / "store-ssm", input=json.dumps(request) + "\n", env=env, timeout=120)
        assert (result.status, result.err) == (0, ""), result
        assert result.out.endswith("}\n") and result.out.count("\n") == 1
        self.seconds = result.seconds
        self.out = result.out
        return result.json

    def get(self, **more):
        return self.call("get", **more)

    def put(self, value=VALUE, expect=0, **more):
        return self.call("put", value=value, expect=expect, **more)


@pytest.fixture
def machine(world, parameter_store):
    return Machine(world, parameter_store)


def error(answer):
    assert answer["ok"] is False, answer
    return answer["error"], answer["message"], answer.get("hint", "")
