"""The stand-in client (fake/claude) and the loopback API it talks to, as fixtures.

    def test_it(world, api):
        world.install_client(api)
        world.human_login(api)
        world.run("claude", "-p", "ok")
        assert api.counts()["requests"] == 1
"""
import http.client
import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

FAKE = Path(__file__).resolve().parent.parent / "fake"


class Api:
    """A vendor of one test's own.  The operations are those of Admin in fake/api.py."""

    def __init__(self, server):
        self.address = server.removeprefix("http://")
        self.name = uuid.uuid4().hex[:8]
        self.url = f"{server}/{self.name}"

    def call(self, operation, **arguments):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request("POST", f"/{self.name}/admin/{operation}", json.dumps(arguments))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        assert response.status == 200, answer
        return answer

    def login(self, **more):
        """A new login as claudeAiOauth, as a human gets it: deadline_in=, lifetime= in seconds."""
        return self.call("login", **more)

    def set(self, **settings):
        """access_lifetime, refresh_revokes, reuse_kills, refuse_refreshes, should_retry, latency,
        refresh_latency, unauthorized (which 401)."""
        return self.call("set", **settings)

    def answer(self, name, times=None):
        """Answer the next messages with a failure: "401", "403-revoked", "529", ...; "" clears."""
        return self.call("answer", name=name, times=times)

    def revoke(self, token):
        return self.call("revoke", token=token)

    def end(self, token):
        return self.call("end", token=token)

    def allow(self, token):
        return self.call("allow", token=token)

    def live(self):
        return self.call("live")

    def counts(self):
        """{"requests", "unauthorized", "refreshes", "refused"}"""
        return self.call("counts")

    def requests(self):
        """[{"login": fingerprint, "status", "time", "prompt"}] in the order they came."""
        return self.call("requests")


@pytest.fixture(scope="session")
def api_server():
    """The address of one server for this worker; it ends when its stdin does, or by its pid."""
    process = subprocess.Popen([sys.executable, str(FAKE / "api.py")], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, env={"LANG": "C.UTF-8"})
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(timeout=60)


@pytest.fixture
def api(api_server):
    api = Api(api_server)
    yield api
    api.call("forget")
