#!/usr/bin/env python3
"""The vendor's side on loopback: token endpoint, messages endpoint, and a door for the tests.

    api.py [--port N]          prints its address, serves until stdin (a pipe) ends or SIGTERM

The first part of a path is a namespace, made when first used, so that tests share one server and
nothing else: http://127.0.0.1:PORT/NAME is what goes into ANTHROPIC_BASE_URL.

    POST /NAME/v1/oauth/token  a refresh token works once and gets a new pair; the login's deadline
                               does not move
    POST /NAME/v1/messages     200 for a live access token or allowed key, else 401
    POST /NAME/admin/OP        JSON in, JSON out; OP is a method of Admin below

One process, one thread: a request is handled in one go, so state needs no lock.
"""
import asyncio
import json
import signal
import sys
import time
from hashlib import sha256

REQUEST_ID = "req_011CTESTmadeup000000001"
BODY_MAX = 16 << 20
SCOPES = ["user:inference", "user:profile"]

# answer: (status, type of error, message), the server's own words.
ANSWERS = {
    "401": (401, "authentication_error", "Invalid authentication credentials"),
    "401-bearer": (401, "authentication_error", "Invalid bearer token"),
    "401-expired": (401, "authentication_error", "OAuth token has expired. Please obtain a new token "
                                                 "or refresh your existing token."),
    "403-revoked": (403, "permission_error", "OAuth token has been revoked. Please obtain a new token."),
    "403-org": (403, "permission_error",
                "OAuth authentication is currently not allowed for this organization."),
    "403-plain": (403, "forbidden", "Request not allowed"),
    "400-org": (400, "invalid_request_error", "This organization has been disabled."),
    "400-credit": (400, "invalid_request_error", "Your credit balance is too low to access the API."),
    "404": (404, "not_found_error", "model: nosuch"),
    "429": (429, "rate_limit_error",
            "This request would exceed your account's rate limit. Please try again later."),
    "529": (529, "overloaded_error", "Overloaded"),
    "500": (500, "api_error", "Internal server error"),
}
PROXY_PAGE = "<html><head><title>403 Forbidden</title></head><body>Blocked by policy</body></html>"


def fingerprint(token):
    return sha256(token.encode()).hexdigest()[:8]


def error(name):
    """(status, body) of one of ANSWERS."""
    if name == "403-html":
        return 403, PROXY_PAGE
    status, kind, message = ANSWERS[name]
    return status, {"type": "error", "error": {"type": kind, "message": message},
                    "request_id": REQUEST_ID}


class Grant:
    """One login of a human: lives to its deadline, through any number of refreshes."""

    def __init__(self, deadline):
        self.deadline = deadline
        self.access = {}  # token: when it dies
        self.refresh = ""  # the only one that works


class Vendor:
    """What the vendor knows, for one namespace."""

    def __init__(self, number):
        self.number = number
        self.made = 0
        self.grants = []
        self.allowed = set()
        self.script = []  # [answer, how many more times or None]
        self.settings = {"access_lifetime": 8 * 3600, "refresh_revokes": False, "reuse_kills": False,
                         "refuse_refreshes": False, "should_retry": False, "latency": 0.0,
                         "refresh_latency": 0.0, "unauthorized": "401"}
        self.log = []  # of messages
        self.refreshed = self.refused = 0

    def token(self, kind):
        self.made += 1
        return f"sk-ant-{kind}01-TEST-{self.number:04}-{self.made:06}"

    def issue(self, grant):
        """A new pair; the refresh token before it is spent."""
        access = self.token("oat")
        if self.settings["refresh_revokes"]:
            grant.access.clear()
        grant.access[access] = time.time() + self.settings["access_lifetime"]
        grant.refresh = self.token("ort")
        return access

    def accepts(self, token):
        now = time.time()
        return token in self.allowed or any(g.access.get(token, 0) > now for g in self.grants)

    # -- endpoints -------------------------------------------------------------------------------

    async def refresh(self, body, _headers):
        await asyncio.sleep(self.settings["refresh_latency"])
        token = body.get("refresh_token", "")
        grant = next((g for g in self.grants if g.refresh == token), None)
        refuse = self.settings["refuse_refreshes"]
        if not token or not grant or grant.deadline <= time.time() or refuse:
            self.refused += 1
            if self.settings["reuse_kills"]:
                self.grants.clear()
            return 400, {"error": "invalid_grant",
                         "error_description": "Refresh token not found or invalid"}
        self.refreshed += 1
        return 200, {"token_type": "Bearer", "access_token": self.issue(grant),
                     "refresh_token": grant.refresh, "scope": " ".join(SCOPES),
                     "expires_in": int(self.settings["access_lifetime"])}

    async def messages(self, body, headers):
        await asyncio.sleep(self.settings["latency"])
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        token = bearer or headers.get("x-api-key", "")
        status, answer = self.decide(token, body, headers.get("x-test-answer"))
        self.log.append({"login": fingerprint(token), "status": status, "time": time.time(),
                         "prompt": body.get("messages", [{}])[0].get("content", "")})
        return status, answer

    def decide(self, token, body, demanded):
        scripted = demanded or self.next_scripted()
        if scripted:
            return error(scripted)
        if not self.accepts(token):
            return error(self.settings["unauthorized"])
        if "nosuch" in body.get("model", ""):
            return error("404")
        return 200, {"id": "msg_01madeup", "type": "message", "role": "assistant",
                     "content": [{"type": "text", "text": "ok"}]}

    def next_scripted(self):
        if not self.script:
            return None
        entry = self.script[0]
        if entry[1] is not None:
            entry[1] -= 1
            if entry[1] <= 0:
                self.script.pop(0)
        return entry[0]


class Admin:
    """The door for the tests; each method is an operation."""

    def __init__(self, vendor):
        self.vendor = vendor

    def set(self, **settings):
        """Change settings; see Vendor."""
        unknown = settings.keys() - self.vendor.settings.keys()
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        self.vendor.settings.update(settings)
        return self.vendor.settings

    def login(self, deadline_in=30 * 86400, lifetime=None):
        """What a human gets from /login: a new grant with a deadline of its own."""
        vendor = self.vendor
        grant = Grant(time.time() + deadline_in)
        vendor.grants.append(grant)
        access = vendor.issue(grant)
        if lifetime is not None:
            grant.access[access] = time.time() + lifetime
        return {"accessToken": access, "refreshToken": grant.refresh,
                "expiresAt": int(grant.access[access] * 1000),
                "refreshTokenExpiresAt": int(grant.deadline * 1000), "scopes": SCOPES,
                "subscriptionType": "max", "rateLimitTier": "default_claude_max_20x"}

    def revoke(self, token):
        """The access token stops working; its refresh token goes on."""
        for grant in self.vendor.grants:
            grant.access.pop(token, None)
        self.vendor.allowed.discard(token)

    def end(self, token):
        """The whole login of this access or refresh token is over."""
        self.vendor.grants = [g for g in self.vendor.grants
                              if token not in g.access and token != g.refresh]

    def allow(self, token):
        """Accept a token or key that this server has not issued."""
        self.vendor.allowed.add(token)

    def answer(self, name, times=None):
        """Answer the next TIMES messages (all, if None) with one of ANSWERS; "" clears."""
        if not name:
            self.vendor.script.clear()
            return
        error(name)  # an unknown one fails here rather than at the client
        self.vendor.script.append([name, times])

    def live(self):
        """The access tokens that work now."""
        now = time.time()
        return [t for g in self.vendor.grants for t, dies in g.access.items() if dies > now]

    def counts(self):
        log = self.vendor.log
        return {"requests": len(log), "unauthorized": sum(e["status"] == 401 for e in log),
                "refreshes": self.vendor.refreshed, "refused": self.vendor.refused}

    def requests(self):
        return self.vendor.log


class Server:
    def __init__(self):
        self.vendors = {}

    async def handle(self, reader, writer):
        try:
            while await self.exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away
        finally:
            writer.close()

    async def exchange(self, reader, writer):
        """One request and its response; True while the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:-2])}
        data = await reader.readexactly(min(int(headers.get("content-length", 0)), BODY_MAX))
        status, answer, extra = await self.answer(method, path, headers, data)
        kind, body = "text/html", answer
        if not isinstance(answer, str):
            kind, body = "application/json", json.dumps(answer, separators=(",", ":"))
        body = body.encode()
        stays = headers.get("connection", "").lower() != "close"
        lines = [f"HTTP/1.1 {status} Made up", f"Content-Type: {kind}",
                 f"Content-Length: {len(body)}",
                 f"Connection: {'keep-alive' if stays else 'close'}", *extra]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        return stays

    async def answer(self, method, path, headers, data):
        """(status, body, more header lines)."""
        _, name, *rest = path.partition("?")[0].split("/")
        if name not in self.vendors:
            self.vendors[name] = Vendor(len(self.vendors) + 1)
        vendor, route = self.vendors[name], "/".join(rest)
        try:
            body = json.loads(data or b"{}")
        except ValueError:
            return 400, {"error": "invalid_request"}, []
        if route.startswith("admin/"):
            return *self.admin(name, route.removeprefix("admin/"), body), []
        endpoint = {"v1/oauth/token": vendor.refresh, "v1/messages": vendor.messages}.get(route)
        if method != "POST" or not endpoint:
            return 404, {"error": "not_found"}, []
        status, answer = await endpoint(body, headers)
        final = status != 200 and not vendor.settings["should_retry"]
        return status, answer, ["x-should-retry: false"] if final else []

    def admin(self, name, operation, body):
        if operation == "forget":
            del self.vendors[name]
            return 200, None
        try:
            return 200, getattr(Admin(self.vendors[name]), operation)(**body)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            return 400, {"error": f"{operation}: {problem!r}"}


async def serve(port):
    server = await asyncio.start_server(Server().handle, "127.0.0.1", port, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # The end of stdin is the end of whoever started us: no server outlives its tests.
    try:
        loop.add_reader(0, lambda: stop.set() if not sys.stdin.buffer.raw.read(4096) else None)
    except OSError:
        pass  # /dev/null or a file, which never ends in that way
    await stop.wait()


def main(argv):
    if argv[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    asyncio.run(serve(int(argv[1]) if argv[:1] == ["--port"] else 0))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
