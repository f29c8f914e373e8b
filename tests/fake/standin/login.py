"""The login: where it comes from, when it is refreshed, under which locks, and how it is written."""
import os
import time

from . import quick, wire, wording

REFRESH_BEFORE = 5 * 60 * 1000  # ms
KEPT = ("accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt", "scopes",
        "subscriptionType", "rateLimitTier")
CLOUD = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
CLIENT_ID = "9d1c250a-0000-4000-a000-made-up"


class Failed(Exception):
    """A run that ends in a failure of wording.FAILURES."""

    def __init__(self, failure, status=None, request_id=None, **facts):
        super().__init__(failure)
        self.failure, self.status, self.request_id = failure, status, request_id
        self.facts = {"status": status, **facts}


def folder():
    return os.environ.get("CLAUDE_CONFIG_DIR") or os.path.expanduser("~/.claude")


def path():
    return os.path.join(folder(), ".credentials.json")


def read():
    """The whole file as a dict; empty when it is missing, torn or no object."""
    try:
        with open(path(), encoding="utf-8") as file:
            content = quick.loads(file.read())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def read_login():
    """claudeAiOauth out of the file; empty when the client would not call that a login."""
    login = read().get("claudeAiOauth")
    return login if isinstance(login, dict) and login.get("scopes") else {}


def helper():
    """What the apiKeyHelper of the settings prints; "" without one."""
    try:
        with open(os.path.join(folder(), "settings.json"), encoding="utf-8") as file:
            command = quick.loads(file.read()).get("apiKeyHelper")
    except (OSError, ValueError):
        return ""
    return os.popen(command).read().strip() if command else ""


def source():
    """(where the credential comes from, the credential); the login's own is left to Login."""
    if any(os.environ.get(name) for name in CLOUD):
        return "cloud", ""
    for name, kind in (("ANTHROPIC_AUTH_TOKEN", "auth-token"), ("ANTHROPIC_API_KEY", "api-key")):
        if os.environ.get(name):
            return kind, os.environ[name]
    key = helper()
    if key:
        return "helper", key
    if os.environ.get("CLAUDE_CODE_OAUTH_TOKEN"):
        return "oauth-env", os.environ["CLAUDE_CODE_OAUTH_TOKEN"]
    return "login", ""


class Credential:
    """What goes with a request.  headers() may refresh the login; again() is for after a 401."""

    def __init__(self, version):
        self.version = version
        self.source, self.token = source()
        self.spent = False  # one refresh for a 401 in a run, no more

    def headers(self):
        if self.source == "cloud":
            raise Failed("cloud")
        if self.source in ("api-key", "helper"):
            return [f"x-api-key: {self.token}"]
        if self.source == "login":
            self.token = current(self.version)["accessToken"]
        return [f"Authorization: Bearer {self.token}"]

    def wait(self, seconds):
        """Before the next attempt; at most for HEALED_WITHIN, if that is set, until somebody else has put down
        another login: what comes in time then does so on a machine of any speed."""
        patience = quick.seconds("HEALED_WITHIN", 0)
        if not patience:
            return time.sleep(seconds)
        end = time.monotonic() + patience
        while read_login().get("accessToken") == self.token and time.monotonic() < end:
            time.sleep(0.02)

    def again(self):
        """After a 401: a login somebody else put down meanwhile, else a refresh of ours."""
        if self.source != "login" or self.spent:
            return
        login = read_login()
        if login.get("accessToken") == self.token and login.get("refreshToken"):
            self.spent = True
            refresh(login, self.version)


def current(version):
    """The login to use now, refreshed if it is time."""
    login = read_login()
    if not login:
        raise Failed("not-logged-in")
    if due(login):
        login = refresh(login, version)
    if not login.get("accessToken"):
        raise Failed("blank")
    return login


def due(login):
    left = login.get("expiresAt", 0) - time.time() * 1000
    return bool(login.get("refreshToken")) and left < REFRESH_BEFORE


def refresh(login, version):
    """Refresh under the locks; the login to go on with, which is the same one if that failed."""
    with Locks(refresh_locks(version)) as locks:
        if not locks.held:
            if version >= wording.V300:
                raise Failed("lock-busy")
            return login
        on_disk = read_login()
        if on_disk.get("accessToken") != login["accessToken"]:
            return on_disk or login  # somebody else was faster
        locks.sit(quick.seconds("REFRESH_PAUSE", 0))
        answer = ask(login, locks.touch)
        if answer is None:
            return login
        if "access_token" not in answer:
            if version < wording.V200:
                return login
            return write(dict(login, accessToken="", refreshToken="", expiresAt=0), version)
        return write(dict(login, accessToken=answer["access_token"],
                          refreshToken=answer.get("refresh_token", login["refreshToken"]),
                          expiresAt=int(time.time() * 1000) + answer["expires_in"] * 1000,
                          scopes=answer["scope"].split()), version)


def ask(login, idle=lambda: None):
    """The token endpoint's answer; {} when it refused for good, None when it did not say."""
    if not wire.token_url():
        return None
    try:
        status, _, text = wire.post(wire.token_url(), {
            "grant_type": "refresh_token", "refresh_token": login["refreshToken"],
            "client_id": CLIENT_ID, "scope": " ".join(login["scopes"])}, idle=idle)
        answer = quick.loads(text)
    except (OSError, ValueError):
        return None
    if status == 200:
        return answer
    return {} if answer.get("error") == "invalid_grant" else None


def write(login, version):
    """Put the login into the file; what else is in the file stays."""
    login = {key: login[key] for key in KEPT if key in login}
    with Locks([os.path.join(folder(), ".storage-write.lock")]):
        data = quick.dumps(dict(read(), claudeAiOauth=login)).encode()
        (write_renamed if version >= wording.V200 else write_in_place)(data)
    return login


def write_renamed(data):
    temporary = f"{path()}.tmp.{os.urandom(4).hex()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    quick.put(data, fd)
    os.close(fd)
    time.sleep(quick.seconds("WRITE_PAUSE", 0))
    os.rename(temporary, path())


def write_in_place(data):
    fd = os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    pause, half = quick.seconds("WRITE_PAUSE", 0), len(data) // 2
    time.sleep(pause)
    quick.put(data[:half], fd)
    time.sleep(pause)
    quick.put(data[half:], fd)
    os.close(fd)


def refresh_locks(version):
    """The folders that are locks, in the order they are taken."""
    newest = [os.path.join(folder(), ".oauth_refresh.lock")] if version >= wording.V300 else []
    return [*newest, os.path.realpath(folder()) + ".lock"]


class Locks:
    """Folders that are locks while they exist and are touched; held for the length of a `with`."""

    def __init__(self, names):
        self.names, self.mine, self.held = names, [], False

    def __enter__(self):
        deadline = time.monotonic() + quick.seconds("LOCK_WAIT", 8)
        for name in self.names:
            while not self.take(name):
                if time.monotonic() > deadline:
                    return self
                self.touch()
                time.sleep(0.05)
        self.held = True
        return self

    def take(self, name):
        try:
            os.mkdir(name)
        except FileExistsError:
            return self.break_stale(name) and self.take(name)
        self.mine.append(name)
        return True

    @staticmethod
    def break_stale(name):
        """True when the lock was stale and is gone."""
        try:
            if time.time() - os.stat(name).st_mtime > quick.seconds("LOCK_STALE", 10):
                os.rmdir(name)
                return True
        except OSError:
            pass  # its owner, or another that waits, was faster
        return False

    def touch(self):
        for name in self.mine:
            try:
                os.utime(name)
            except FileNotFoundError:
                pass

    def sit(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.touch()
            time.sleep(min(0.5, max(0.0, end - time.monotonic())))

    def __exit__(self, *_):
        for name in reversed(self.mine):
            try:
                os.rmdir(name)
            except OSError:
                pass
