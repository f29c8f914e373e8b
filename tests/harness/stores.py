"""The stores that the contract tests run against, one row each, and a Store to talk to."""
import json
import subprocess
from dataclasses import dataclass, field

from harness.world import FAKE, LIBEXEC, World

SECRET = "sk-ant-oat01-TEST-CONTRACT-MARKER"  # stands in every value; must never show on stderr


@dataclass(frozen=True)
class Kind:
    """A kind of store.  URL, and the values of OPTIONS and ENV, may say {home} (the folder of this
    test) and {server.ATTRIBUTE} (of the fixture named by SERVER, started for this test)."""

    name: str
    argv: list
    url: str
    path: str = "/claude/oauth/credentials"
    options: dict = field(default_factory=dict)
    env: dict = field(default_factory=dict)
    server: str = None       # a fixture to start first; None: the store needs none
    cas: bool = True         # a wrong `expect` is a conflict; False: is put, and reported as raced
    largest: int = 60_000    # bytes of value that must fit
    by: str = "machine-1"    # what `by` says of a put by machine-1; None: the store's own idea
    clock: float = 1.0       # seconds to which `modified` is exact
    waits: bool = True       # has the operation `wait`
    patience: float = 30.0   # seconds a wait may take to notice, on a loaded machine


KINDS = [
    Kind("local", [LIBEXEC / "store-local"], "local:{home}/stores/one.db"),
    Kind("files", [FAKE / "credrelay-store-files"], "files:{home}/store"),
    Kind("ssm", [LIBEXEC / "store-ssm"],
         "ssm://us-west-2/claude/oauth/credentials?endpoint={server.endpoint}",
         env={"AWS_ACCESS_KEY_ID": "{server.key}", "AWS_SECRET_ACCESS_KEY": "{server.secret}"},
         server="empty_parameter_store", cas=False, waits=False, largest=4096, by=None, clock=2.0),
]


class Store:
    """One empty store and the helper that serves it."""

    def __init__(self, kind: Kind, world: World, server=None):
        def fill(text):
            return text.format(home=world.home, server=server)

        self.kind, self.world, self.path, self.server = kind, world, kind.path, server
        self.url = fill(kind.url)
        self.options = {key: fill(value) for key, value in kind.options.items()}
        self.env = {key: fill(value) for key, value in kind.env.items()}

    def request(self, op, **fields) -> bytes:
        request = {"credrelay": 1, "op": op, "path": self.path, "store": self.url, "role": "writer",
                   "machine": "machine-1", "options": self.options, "deadline_ms": 60_000, **fields}
        return json.dumps({k: v for k, v in request.items() if v is not None}).encode() + b"\n"

    def start(self, line: bytes, **popen):
        """The helper with its request on the way: for tests that kill it or run many."""
        process = self.world.start(*self.kind.argv, env=self.env, stdin=subprocess.PIPE, **popen)
        try:
            process.stdin.write(line)
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.stdin = None
        return process

    def kill(self, process):
        """And wait until what it has sent to a server is carried out, or never will be."""
        process.kill()
        process.communicate()
        if self.server:
            self.server.quiet()

    def tell(self, line: bytes, **popen) -> dict:
        """Send LINE as it is; the answer must be one line of JSON, the exit status 0, and stderr
        free of secrets."""
        process = self.start(line, **popen)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (process.returncode, out, err)
        assert out.endswith(b"\n") and out.count(b"\n") == 1, out
        assert SECRET.encode() not in err, err
        answer = json.loads(out)
        assert isinstance(answer["ok"], bool)
        if not answer["ok"]:
            assert answer["message"] and SECRET not in json.dumps(answer), answer
        return answer

    def ask(self, op, **fields) -> dict:
        return self.tell(self.request(op, **fields))

    def put(self, value, expect, **fields) -> dict:
        return self.ask("put", value=value, expect=expect, **fields)


def value(n=1, size=0) -> str:
    """A value that shows when it is not whole: both ends carry N."""
    return json.dumps({"n": n, "token": SECRET, "pad": "x" * size, "end": n})


def is_whole(text: str) -> bool:
    content = json.loads(text)
    return content["n"] == content["end"] and set(content["pad"]) <= {"x"}
