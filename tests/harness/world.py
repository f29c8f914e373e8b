"""A world for one test: a HOME, a PATH with the programs under test, and nothing inherited.

    def test_it(world):
        world.write_login(access="sk-ant-oat01-TEST-1", expires_in=3600)
        result = world.run("credrelay", "publish")
        assert result.status == 0, result
"""
import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
FAKE = TESTS / "fake"
PREFIX = Path(os.environ.get("CREDRELAY_PREFIX", "/nonexistent"))
LIBEXEC = PREFIX / "libexec" / "credrelay"

# Programs built with AddressSanitizer are several times slower and need these to be strict.
SANITIZER = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
}


@dataclass
class Result:
    """How a program ended: exit status (negative: the signal), and what it said."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def json(self):
        return json.loads(self.out)


def login(access="sk-ant-oat01-TEST-1", refresh="sk-ant-ort01-TEST-1", expires_in=8 * 3600,
          deadline_in=None, scopes=("user:inference", "user:profile"), **more):
    """The content of a credentials file, made up.  Times are seconds from now; refresh=None
    leaves the refresh token out, scopes=None the scopes."""
    now = int(time.time() * 1000)
    oauth = {"accessToken": access}
    if refresh is not None:
        oauth["refreshToken"] = refresh
    oauth["expiresAt"] = now + int(expires_in * 1000)
    if deadline_in is not None:
        oauth["refreshTokenExpiresAt"] = now + int(deadline_in * 1000)
    if scopes is not None:
        oauth["scopes"] = list(scopes)
    oauth["subscriptionType"] = "max"
    oauth["rateLimitTier"] = "default_claude_max_20x"
    oauth.update(more)
    return {"claudeAiOauth": oauth}


class World:
    """One machine of a fleet: its HOME, its environment, its programs."""

    def __init__(self, home: Path, name="machine-1"):
        self.home = home
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.bin = home / "bin"  # stands before everything else on PATH
        self.bin.mkdir(exist_ok=True)
        self.env = {
            "HOME": str(home),
            "PATH": f"{self.bin}:{PREFIX / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TMPDIR": str(home),
            "CREDRELAY_MACHINE": name,
            "AWS_EC2_METADATA_DISABLED": "true",  # who wants a metadata service makes one
            **SANITIZER,
        }

    # -- programs ------------------------------------------------------------------------------

    def start(self, *argv, env=None, **popen):
        """A running program, with pipes; the caller waits for it."""
        options = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       cwd=self.home)
        options.update(popen)
        return subprocess.Popen([str(a) for a in argv], env={**self.env, **(env or {})}, **options)

    def run(self, *argv, input=None, env=None, timeout=400, **popen) -> Result:
        """Run a program to its end.  INPUT (str or bytes) comes through a pipe."""
        began = time.monotonic()
        if input is not None:
            popen["stdin"] = subprocess.PIPE
            input = input.encode() if isinstance(input, str) else input
        process = self.start(*argv, env=env, **popen)
        try:
            out, err = process.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Result(process.returncode, (out or b"").decode(errors="replace"),
                      (err or b"").decode(errors="replace"), time.monotonic() - began)

    # -- the login -----------------------------------------------------------------------------

    @property
    def login_path(self) -> Path:
        return self.home / ".claude" / ".credentials.json"

    def write_login(self, content=None, **fields):
        """Put a credentials file down, as the client would: dict, str or bytes, or login()'s
        fields."""
        self.login_path.parent.mkdir(mode=0o700, exist_ok=True)
        if content is None:
            content = login(**fields)
        if isinstance(content, dict):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode()
        temporary = self.login_path.with_name(".credentials.json.tmp.TESTTEST")
        temporary.write_bytes(content)
        temporary.chmod(0o600)
        temporary.replace(self.login_path)
        return content

    def read_login(self) -> dict:
        return json.loads(self.login_path.read_text())

    def access_token(self):
        return self.read_login()["claudeAiOauth"]["accessToken"]

    def login_mode(self) -> str:
        return oct(stat.S_IMODE(self.login_path.stat().st_mode))

    def human_login(self, api, **more):
        """Log in as `claude /login` does: a new login of the API's, the other keys kept."""
        login = api.login(**more)
        try:
            kept = self.read_login()
        except (FileNotFoundError, ValueError):
            kept = {}
        self.write_login({**kept, "claudeAiOauth": login})
        return login

    # -- the stand-in client -------------------------------------------------------------------

    def install_client(self, api=None, version="2.1.300", **settings):
        """Put the stand-in (fake/claude) first on PATH.  It talks to API, or to nobody and takes
        any token without STALE in it.  SETTINGS are FAKE_CLAUDE_ variables: do="exit:3"."""
        # The interpreter by its path and without site: half the time, and no need of a PATH.
        self.program("claude", f"#!{sys.executable} -IS\nimport sys\n"
                               f"sys.path.insert(0, {str(FAKE)!r})\n"
                               "from standin.main import main\nsys.exit(main())\n")
        self.env["FAKE_CLAUDE_VERSION"] = version
        self.env["FAKE_CLAUDE_RECORD"] = str(self.client_record)
        if api:
            self.env["ANTHROPIC_BASE_URL"] = api.url
        self.env.update({f"FAKE_CLAUDE_{k.upper()}": str(v) for k, v in settings.items()})

    @property
    def client_record(self) -> Path:
        return self.home / "client.jsonl"

    def client_runs(self):
        """[{"argv", "login" (fingerprint), "source", "version", "pid", "time"}], a line a start."""
        if not self.client_record.exists():
            return []
        return [json.loads(line) for line in self.client_record.read_text().splitlines()]

    # -- configuration, state ------------------------------------------------------------------

    def configure(self, text: str):
        path = self.home / ".config" / "credrelay" / "credrelay.conf"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state" / "credrelay"

    def events(self, name=None):
        path = self.state / "events.jsonl"
        text = path.read_text() if path.exists() else ""
        # A line that is being written is not there yet.
        events = [json.loads(line) for line in text.splitlines(True) if line.endswith("\n")]
        return [e for e in events if name in (None, e["event"])]

    def write_aws_profiles(self, **profiles):
        """~/.aws/credentials with {profile: (key id, secret)}; underscores stand for dashes."""
        folder = self.home / ".aws"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / "credentials"
        path.write_text("".join(
            f"[{name.replace('_', '-')}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n\n"
            for name, (key, secret) in profiles.items()))
        path.chmod(0o600)

    def program(self, name: str, text: str) -> Path:
        """An executable script of the test's own, first on PATH.  Put there whole: what runs meanwhile may
        be starting the one before, and a file that is written to cannot be started."""
        path, new = self.bin / name, self.bin / f".{name}.new"
        new.write_text(text)
        new.chmod(0o755)
        return new.replace(path)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "home")


@pytest.fixture
def machines(tmp_path):
    """machines(name, ...) -> one World each."""
    return lambda *names: [World(tmp_path / name, name) for name in names]
