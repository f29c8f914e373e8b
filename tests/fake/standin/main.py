"""The run: arguments, stdin, the login, the requests, the end."""
import os
import sys
import time

from . import directives, login, quick, wire, wording
from .output import Output

STDIN_PATIENCE = 3  # seconds: with a prompt in argv, the client does not wait longer for stdin
AGAIN = 2           # attempts after a 401, from 2.1.200 on
AGAIN_OLD = 10      # attempts of the older ones, where the server does not forbid it
VALUED = {"--output-format": "format", "--input-format": "input", "--resume": "session",
          "-r": "session", "--session-id": "session", "--max-turns": "max_turns",
          "--model": "model", "--allowedTools": "tools", "--permission-mode": "mode"}


class Usage(Exception):
    pass


class Options:
    def __init__(self, argv):
        self.print = self.verbose = False
        self.format = self.input = "text"
        self.session = self.model = ""
        self.max_turns = 0
        self.words = []
        arguments = iter(argv)
        for argument in arguments:
            name, equals, value = argument.partition("=")
            if argument in ("-p", "--print"):
                self.print = True
            elif argument == "--verbose":
                self.verbose = True
            elif name in VALUED:
                setattr(self, VALUED[name], value if equals else next(arguments, ""))
            elif argument == "--":
                self.words += arguments
            elif not argument.startswith("-") or argument == "-":
                self.words.append(argument)
        self.max_turns = int(self.max_turns)
        if self.format == "stream-json" and self.print and not self.verbose:
            raise Usage("Error: When using --print, --output-format=stream-json requires --verbose")


class Run:
    """One prompt or a conversation."""

    def __init__(self, name, credential, options):
        self.version, self.options = credential.version, options
        self.output = Output(self.version, name, options)
        self.credential = credential
        self.stdin = b""

    def start(self):
        """The exit status."""
        if self.options.input == "stream-json":
            return self.converse()
        self.stdin = read_stdin(patient=not self.options.words)
        prompt = " ".join(self.options.words[:1]) or self.stdin.decode(errors="replace")
        if not prompt.strip():
            raise Usage("Error: Input must be provided either through stdin or as a prompt argument "
                        "when using --print")
        self.output.init()
        return self.turn(prompt)

    def converse(self):
        self.output.init()
        status = 0
        for line in sys.stdin.buffer:
            if line.strip():
                status = max(status, self.turn(text_of(quick.loads(line.decode()))))
        return status

    def turn(self, prompt):
        try:
            self.ask(prompt)
            self.output.answer(directives.answer(os.environ.get("FAKE_CLAUDE_DO") or prompt, self))
            return 0
        except login.Failed as failed:
            self.output.failure(failed)
            return 1

    def ask(self, prompt, *headers):
        """One request to the server, with the retries of this version; Failed in the end."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self.request(prompt, headers)
            except login.Failed as failed:
                limit = self.retries(failed)
                if attempt > limit:
                    raise
                pause = quick.seconds("RETRY_PAUSE", 0.1) * attempt
                error = wording.retry_error(failed.failure, failed.status, self.version)
                self.output.retry(attempt, 10 if failed.status in (401, 403) else limit, pause,
                                  failed.status, error)
                self.credential.wait(pause)
                if failed.status == 401:
                    self.credential.again()

    def request(self, prompt, headers):
        headers = [*self.credential.headers(), *headers]
        body = {"model": self.output.model, "max_tokens": 1,
                "messages": [{"role": "user", "content": prompt[:1000]}]}
        if not wire.base_url():
            return self.without_server()
        try:
            status, answered, text = wire.post(wire.base_url() + "/v1/messages", body, headers)
        except OSError:
            raise login.Failed("refused-connection", host=wire.host(wire.base_url())) from None
        if status == 200:
            return None
        raise self.failed(status, text, answered)

    def without_server(self):
        if "STALE" in self.credential.token:
            raise self.failed(401, '{"type":"error","error":{"type":"authentication_error",'
                              '"message":"Invalid authentication credentials"}}', {})

    def failed(self, status, text, answered):
        try:
            body = quick.loads(text)
            message, request_id = body["error"]["message"], body.get("request_id")
        except (ValueError, KeyError, TypeError):
            message, request_id = text.strip(), None
        failed = login.Failed(wording.classify(status, message, self.credential.source), status,
                              request_id, raw=text.strip(), message=message,
                              host=wire.host(wire.base_url()))
        failed.final = answered.get("x-should-retry") == "false"
        return failed

    def retries(self, failed):
        """How many more attempts this failure gets."""
        if failed.failure in ("unauthorized", "revoked") and self.version >= wording.V200:
            return AGAIN if failed.status == 401 or failed.failure == "revoked" else 0
        if failed.failure == "unauthorized" and failed.status == 401:
            return 0 if failed.final else AGAIN_OLD
        return 1 if failed.failure == "refused-connection" or failed.status == 529 else 0

    def admin(self, operation, body):
        if wire.base_url():
            wire.post(f"{wire.base_url()}/admin/{operation}", body)


def text_of(line):
    """The text in a line of --input-format stream-json."""
    content = line["message"]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def read_stdin(patient):
    """All of stdin, unless it is a terminal, or says nothing for a while and need not."""
    if os.isatty(0):
        return b""
    if not patient:
        from select import select

        if not select([0], [], [], STDIN_PATIENCE)[0]:
            return b""
    chunks = []
    while chunk := os.read(0, 1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


def record(name, credential):
    path = os.environ.get("FAKE_CLAUDE_RECORD")
    if not path:
        return
    token = credential.token or login.read_login().get("accessToken", "")
    line = {"argv": sys.argv[1:], "login": quick.fingerprint(token) if token else None,
            "source": credential.source, "version": name, "pid": os.getpid(), "time": time.time()}
    # One write: lines of a hundred clients at once do not mix.
    with open(path, "ab", buffering=0) as file:
        file.write(quick.dumps(line).encode(errors="replace") + b"\n")


def auth_status(version):
    """`auth status`, whose harm is why nothing of ours may ever run it."""
    found = login.read_login()
    if version >= wording.V200 and found.get("refreshToken"):
        login.ask(found)  # spent, and the new one is not saved
    quick.put(quick.dumps({"loggedIn": bool(found.get("accessToken"))}) + "\n")
    return 0 if found.get("accessToken") else 1


def list_servers(version):
    try:
        login.current(version)
    except login.Failed:
        pass
    quick.put("No MCP servers configured. Use `claude mcp add` to add a server.\n")
    return 0


def dispatch(name, credential):
    version = credential.version
    if os.environ.get("FAKE_CLAUDE_BEFORE"):
        quick.put(directives.answer(os.environ["FAKE_CLAUDE_BEFORE"], None) + "\n")
    options = Options(sys.argv[1:])
    if "--version" in sys.argv[1:] or "-v" in sys.argv[1:]:
        quick.put(f"{name} (Claude Code)\n")
        return 0
    if options.words[:2] == ["mcp", "list"]:
        return list_servers(version)
    if options.words[:2] == ["auth", "status"] and version >= wording.V100:
        return auth_status(version)
    if not options.print and options.words[:2] != ["auth", "status"]:
        text = directives.answer(os.environ.get("FAKE_CLAUDE_DO") or "say:interactive", None)
        quick.put(text + "\n")
        return 0
    return Run(name, credential, options).start()


def die(number):
    from _signal import SIG_DFL, signal

    try:
        signal(number, SIG_DFL)
    except OSError:
        pass  # SIGKILL needs no preparation
    os.kill(os.getpid(), number)
    return 128 + number


def main():
    from _signal import SIG_DFL, SIGINT, signal

    signal(SIGINT, SIG_DFL)  # die by it, as any program does
    name = os.environ.get("FAKE_CLAUDE_VERSION") or "2.1.300"
    credential = login.Credential(wording.known(name))
    record(name, credential)
    try:
        return dispatch(name, credential)
    except Usage as usage:
        quick.put(f"{usage}\n", 2)
        return 1
    except directives.End as end:
        quick.put(end.text)
        return die(end.signal) if end.signal else end.status
    except BrokenPipeError:
        return 1
