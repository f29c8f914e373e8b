"""The network matrix: a machine, its store behind a network that fails in one way, and what must hold.

    ROWS = {"RST after the request": row("reset", LOST, tries=3)}

    @pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
    def test_pull(network, row):
        network.pull(row)

Every row is checked for all of this: the exit status and what is said, to the letter; a bound on time;
how often the server was turned to, and what of it were requests; that no server that was named in an
answer was turned to; that neither the login file nor any other changed or came into being, and its mode.
"""
import json
import os
import re
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from fake.fault_server import FaultServer, headers
from harness.relay import made_up, snapshot, token, wait_for

STORE = "ssm://us-west-2/claude/oauth/credentials?endpoint="
KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
PROFILES = "reader-profile = claude-creds-reader\nwriter-profile = claude-creds-writer\n"
SPARE = 10  # a loaded machine may take as many times a row's bound

# What never answers is given up after this; half a second of it is the start of two processes.
PATIENCE = 5 if "asan" in os.environ.get("CREDRELAY_BUILD", "") else 2
HANGS = {"patience": f"{PATIENCE}s", "within": PATIENCE + 0.5, "env": {"AWS_MAX_ATTEMPTS": "1"}}

LOST = "HOST closed the connection before it had answered"
NO_ANSWER = "no answer from HOST (1 attempt, T s)"
NO_CONNECTION = "no connection to HOST (1 attempt, T s)"
CHECK_NETWORK = "check the network and the proxy variables"
CHECK_ENDPOINT = "check the network, the proxy variables and the endpoint"


@dataclass(frozen=True)
class Row:
    """One way for the network to fail, and all that may come of it."""

    way: str                 # of fake/fault_server.py
    says: str                # on stderr; HOST is the server, T a time; "": it works in spite of it
    hint: str = ""
    status: int = 69
    tries: int = 1           # connections that the server saw (not looked at for a publish)
    sent: int = None         # requests that it read from them, of a publish the puts; None: one of each
    within: float = 2.0      # seconds
    patience: str = "60s"    # `timeout`: what ends sooner has not waited for it
    env: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)  # of the fault server's; ELSEWHERE in them is another's URL

    @property
    def works(self):
        return not self.says


def row(way, says, hint="", **more):
    """A Row; what it does not know is for the fault server."""
    known = {k: more.pop(k) for k in list(more) if k in Row.__dataclass_fields__}
    return Row(way, says, hint, options=more, **{"status": 0 if says == "" else 69, **known})


def answer(status="200 OK", body=b"", *more, length=None):
    """The bytes of an answer; LENGTH is what it claims of the body, if that is not the truth."""
    return headers(status, len(body) if length is None else length, *more) + body


def shared(n=1, **more):
    """The shared value: login number N as text."""
    return json.dumps(made_up(n, refresh=None, **more))


def parameter(value=None, version=7, **more):
    """The body of an answer to GetParameter."""
    return json.dumps({"Parameter": {"Name": "/claude/oauth/credentials", "Type": "SecureString",
                                     "Value": shared() if value is None else value, "Version": version,
                                     "LastModifiedDate": 1795452612.19, **more}}).encode()


class Network:
    """A machine with a login of its own whose store is a fault server."""

    OWN = {"claude.lock", "claude.json", "events.jsonl", "claude.incident.json", "claude.incident.lock",
           "claude.trouble"}  # what the program keeps in its state folder

    def __init__(self, world, servers):
        self.world, self.servers = world, servers
        self.server = self.elsewhere = None
        world.write_aws_profiles(claude_creds_reader=KEYS, claude_creds_writer=KEYS)

    def start(self, row, role, url=None, **more):
        """The server of ROW, one that an answer of it may point to, and the configuration.  URL: of the
        endpoint, if that is not the server."""
        self.elsewhere = self.servers.enter_context(FaultServer("answer", body=parameter()))
        options = {k: v.replace(b"ELSEWHERE", self.elsewhere.url.encode()) if isinstance(v, bytes) else v
                   for k, v in {**row.options, **more}.items()}
        self.server = self.servers.enter_context(FaultServer(row.way, **options))
        self.world.configure(f"[claude]\nrole = {role}\nstore = {STORE}{url or self.server.url}\n"
                             f"timeout = {row.patience}\nrecover-wait = 1s\n{PROFILES}")

    def files(self):
        """Everything below the home but the state folder, which is only looked through for what is
        none of the program's."""
        return {path: what for path, what in snapshot(self.world.home).items()
                if path[len(str(self.world.home)):].split("/")[1] not in (".local", "client.jsonl")}

    def strangers(self):
        """Files in the state folder that do not belong there."""
        return {p.name for p in self.world.state.glob("*")} - self.OWN

    def run(self, row, *command, prefix=(), env=None):
        before = self.files()
        result = self.world.run(*prefix, *command, env={**row.env, **(env or {})}, timeout=SPARE * row.within + 60)
        assert result.seconds < SPARE * row.within, result
        self.check_what_is_left(result)
        return result, before

    def check_what_is_left(self, result):
        """Nothing was sent on, no secret was told, no file lies about, and the login is private."""
        assert self.elsewhere.connections == 0
        assert self.strangers() == set()
        told = result.err + "".join(p.read_text() for p in self.world.state.glob("*"))
        assert KEYS[1] not in told and "sk-ant" not in told
        assert self.world.login_mode() == "0o600"

    def check_requests(self, connections, requests):
        """A server on a loaded machine may read what was sent only after the client has given up."""
        wait_for(lambda: self.server.connections >= connections and len(self.server.requests) >= requests)
        assert (self.server.connections, len(self.server.requests)) == (connections, requests)

    def said(self, result):
        """What is on stderr, with HOST for the server and T for times."""
        text = result.err.replace(self.server.url.split("//")[1], "HOST")
        return re.sub(r"\d+\.\d s\)", "T s)", text)

    @staticmethod
    def words(command, says, hint):
        return f"credrelay: {command}: {says}\n" + (f"  {hint}\n" if hint else "")

    def pull(self, row, says="Parameter Store: GetParameter: ", prefix=(), env=None, ahead=0, **server):
        """On a reader whose login has just expired.  AHEAD: by a clock so many seconds ahead of ours.
        SERVER: more options for the server."""
        self.world.write_login({"mcpOAuth": {"x": 1}, **made_up("old", refresh=None, expires_in=ahead - 60)})
        self.start(row, "reader", **server)
        result, before = self.run(row, "credrelay", "pull", prefix=prefix, env=env)
        words = "" if row.works else self.words("pull", says + row.says, row.hint)
        assert (result.status, self.said(result)) == (row.status, words)
        self.check_requests(row.tries, row.tries if row.sent is None else row.sent)
        after = self.files()
        if row.works:
            assert self.world.access_token() == token(1) and self.world.read_login()["mcpOAuth"] == {"x": 1}
            assert after.keys() == before.keys()
        else:
            assert result.out == "" and after == before
        return result.seconds

    def publish(self, row):
        """On a writer whose store has nothing yet."""
        self.world.write_login({"mcpOAuth": {"x": 1}, **made_up(1)})
        self.start(row, "writer")
        result, before = self.run(row, "credrelay", "publish")
        says = f"Parameter Store: {row.options.get('only', 'GetParameter')}: {row.says}"
        assert (result.status, self.said(result)) == (
            row.status, "" if row.works else self.words("publish", says, row.hint))
        wait_for(lambda: len(self.server.requests) >= row.sent)
        assert len(self.server.requests) == row.sent and self.files() == before

    def claude_p(self, row, login):
        """One run on a reader with LOGIN, whose client takes any token without STALE in it."""
        self.world.install_client()
        self.world.write_login({"mcpOAuth": {"x": 1}, **login})
        self.start(row, "reader")
        result, before = self.run(row, "claude-p", "hi")
        assert row.works or self.files() == before
        return result


@pytest.fixture
def network(world):
    with ExitStack() as servers:
        yield Network(world, servers)
