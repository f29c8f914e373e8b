"""Machines that share one store, and what is in it, as tests of pull, publish and sync see them."""
import hashlib
import json
import subprocess
import time

from harness.world import LIBEXEC, login

SHARED, RENEWABLE = "/claude/login", "/claude/login.renewable"


def fingerprint(token):
    """The eight digits that messages and the log show of a login."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


class LocalStore:
    """The embedded store at PATH, asked past the program under test."""

    def __init__(self, path):
        self.path, self.url = path, f"local:{path}"

    def ask(self, op, path=SHARED, **fields):
        request = {"credrelay": 1, "op": op, "store": self.url, "path": path, "role": "writer",
                   "machine": "the-test", "deadline_ms": 60_000, **fields}
        run = subprocess.run([LIBEXEC / "store-local"], input=json.dumps(request).encode() + b"\n",
                             stdout=subprocess.PIPE, check=True, env={"HOME": str(self.path.parent)})
        return json.loads(run.stdout)

    def put(self, value, path=SHARED):
        """On top of whatever is there."""
        value = value if isinstance(value, str) else json.dumps(value)
        answer = self.ask("put", path, value=value, expect=self.version(path))
        assert answer["ok"], answer
        return answer["version"]

    def version(self, path=SHARED):
        return self.ask("get", path).get("version", 0)

    def shared(self):
        """The claudeAiOauth of the shared value; None: no such value."""
        answer = self.ask("get")
        return json.loads(answer["value"])["claudeAiOauth"] if answer["ok"] else None

    def renewable(self):
        """(holder, claudeAiOauth) of the renewable value; (None, None): no such value."""
        answer = self.ask("get", RENEWABLE)
        if not answer["ok"]:
            return None, None
        value = json.loads(answer["value"])
        return value["holder"], value["login"]["claudeAiOauth"]

    def history(self, path=SHARED):
        """[access token, ...], oldest first; a value that is no login as it stands."""
        def token(text):
            try:
                value = json.loads(text)
                return value.get("login", value)["claudeAiOauth"]["accessToken"]
            except (ValueError, KeyError):
                return text
        versions = self.ask("history", path, limit=100).get("versions", [])
        return [token(v["value"]) for v in reversed(versions)]


def token(n):
    return f"sk-ant-oat01-TEST-{n}"


def refresh_token(n):
    return f"sk-ant-ort01-TEST-{n}"


def made_up(n, expires_in=8 * 3600, **more):
    """Login number N: login() with tokens that say which it is."""
    return login(**{"access": token(n), "refresh": refresh_token(n), **more}, expires_in=expires_in)


def join(machine, store, role="writer", more=""):
    """Configure MACHINE to relay through STORE, with time for a loaded machine unless MORE says how much."""
    patience = {"timeout": "5min", "preflight": "5min"}
    more += "".join(f"{key} = {time}\n" for key, time in patience.items() if key not in more)
    machine.configure(f"[claude]\nrole = {role}\nstore = {store.url}\n{more}")


def give_time(*machines):
    """The same where the configuration is to be somebody's, word for word."""
    for machine in machines:
        machine.env.update(CREDRELAY_TIMEOUT="5min", CREDRELAY_PREFLIGHT="5min")


def snapshot(*folders):
    """{path: (mode, content)} of everything below, to show that nothing changed."""
    paths = [p for folder in folders for p in sorted(folder.rglob("*"))]
    return {str(p): (p.lstat().st_mode, p.read_bytes() if p.is_file() else None) for p in paths}


def wait_for(condition, seconds=60):
    """Until CONDITION() is true; what it returned.  SECONDS is what a machine may take that does ten other things."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found
