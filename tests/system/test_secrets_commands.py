"""Every secret of a machine followed through every command of the table, when all is well and when it
is not: no process that is started has one in its arguments or its environment, no file is born open
to others, and none is said, but where it was asked for.  strace sees what is started and made."""
import base64
import json
import os
import re
import shutil
from dataclasses import dataclass

import pytest

from harness.invitations import open_line, service_manager
from harness.parameter_store import allow, policy
from harness.relay import made_up
from harness.world import PREFIX

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="watched with strace (Linux)")
MARKER = "sk-ant-MARKER-of-a-secret"


@dataclass
class Row:
    argv: str
    input: str = ""       # what comes on standard input, by the name of a method
    shows: bool = False   # a secret is what it is asked for
    status: int = 0       # how it ends when all is well


COMMANDS = {
    "run": Row("run -- claude -p hello"),
    "pull": Row("pull -v"),
    "publish": Row("publish -v"),
    "sync": Row("sync --json"),
    "watch": Row("watch --once"),
    "renew": Row("renew --now", status=69),
    "status": Row("status --json", status=2),
    "doctor": Row("doctor", status=2),
    "log": Row("log --json"),
    "history": Row("history --json"),
    "rollback": Row("rollback 1 --yes"),
    "init": Row("init --yes --no-service --json"),
    "invite": Row("invite reader --no-seal", shows=True),
    "join": Row("join --replace --no-service --json", input="invitation"),
    "service": Row("service install"),
    "aws policy": Row("aws policy writer"),
    "aws template": Row("aws template cloudformation"),
    "aws setup": Row("aws setup --admin-profile admin"),
    "aws rotate-key": Row("aws rotate-key reader --admin-profile admin --grace 0"),
    "aws take-key": Row("aws take-key", input="letter"),
    "alert": Row("alert test"),
    "version": Row("version --json"),
    "help": Row("help --json"),
}


def commands_of(table):
    for command in table:
        yield from commands_of(command["commands"]) if command["commands"] else [command["name"]]


def test_every_command_has_a_row(world):
    table = world.run("credrelay", "help", "--json").json["commands"]
    assert sorted(commands_of(table)) == sorted(COMMANDS)


# -- a machine with every kind of secret ---------------------------------------------------------


class Keeper:
    """A writer whose login, keys, and channel's password are all known here."""

    def __init__(self, world, store):
        self.world, self.store = world, store
        name = store.path.split("/")[2]
        self.reader, self.writer = f"{name}-reader", f"{name}-writer"
        world.configure(f"[claude]\nrole = writer\nstore = {store.url()}\nreader-profile = {self.reader}\n"
                        f"writer-profile = {self.writer}\ntimeout = 30s\nrecover-wait = 0\n"
                        "[alert]\ncommand = cat >\"$HOME/told\"\n")
        all_of_it = policy(allow("*", "*"))
        self.keys = {who: store.user(user, all_of_it, age=86400) for who, user in
                     (("admin", "root"), (self.reader, self.reader), (self.writer, self.writer))}
        world.write_aws_profiles(**self.keys)
        store.put({"claudeAiOauth": secret(0, refresh=None)["claudeAiOauth"]})
        world.write_login(secret(1, expires_in=9 * 3600))  # the later one, also where no millisecond passes
        world.program("claude", "#!/bin/sh\necho fine\n")
        service_manager(world)

    def secrets(self):
        """In the clear and as base64 would have them, however they lie in it; those that came as well."""
        credentials = (self.world.home / ".aws" / "credentials").read_text()
        keys = {secret for _, secret in self.keys.values()}
        keys |= set(re.findall(r"aws_secret_access_key = (\S+)", credentials))
        clear = [MARKER, *keys]
        return [*clear, *(form for text in clear for form in base64_forms(text))]

    def invitation(self):
        return open_line(settings={"role": "reader", "store": self.store.url(), "reader-profile": self.reader},
                         keys=[{"profile": self.reader, "id": self.keys[self.reader][0],
                                "secret": self.keys[self.reader][1]}])

    def letter(self):
        key, secret = self.keys[self.reader]
        return json.dumps({"credrelay_key": 1, "role": "reader", "key_id": key, "secret": secret}) + "\n"


def secret(n, **more):
    return made_up(n, **{"access": f"{MARKER}-access-{n}", "refresh": f"{MARKER}-refresh-{n}", **more})


def base64_forms(text):
    """What stays of TEXT in base64url wherever in a longer one it begins."""
    for shift in range(3):
        whole = base64.urlsafe_b64encode(b"-" * shift + text.encode()).decode().rstrip("=")
        yield whole[4:-4]


def a_torn_login(keeper):
    keeper.world.write_login(json.dumps(secret(1))[:-20])


def no_store(keeper):
    path = keeper.world.home / ".config" / "credrelay" / "credrelay.conf"
    closed = path.read_text().replace(keeper.store.endpoint.rpartition(":")[2], "1")
    path.write_text(closed.replace("timeout = 30s", "timeout = 1s"))


def a_store_with_no_login(keeper):
    keeper.store.put(json.dumps(secret(2))[:-9])


SITUATIONS = {"all is well": lambda keeper: None, "a torn login": a_torn_login, "no store": no_store,
              "a store with no login": a_store_with_no_login}
# Of these a situation that is about the login or the store changes nothing.
ONLY_WELL = ("version", "help", "service", "aws policy", "aws template", "log")


@pytest.fixture
def keeper(world, parameter_store):
    keeper = Keeper(world, parameter_store)
    yield keeper
    for user in (keeper.reader, keeper.writer):
        parameter_store.forget(user)


# -- what is looked at ---------------------------------------------------------------------------

CALLS = "execve,open,openat,creat,mkdir,mkdirat,mknod,mknodat"
OTHERS = re.compile(r'"/dev/|told|systemctl\.|default\.target\.wants')  # made by sh, not by us


def traced(keeper, row):
    """What strace wrote of the run, and the run."""
    trace = keeper.world.home / "trace"
    given = getattr(keeper, row.input)() if row.input else None
    result = keeper.world.run("strace", "-f", "-v", "-s", "1000000", "-o", trace, "-e", f"trace={CALLS}", "credrelay",
                              *row.argv.split(), input=given, preexec_fn=lambda: os.umask(0),
                              env={"ASAN_OPTIONS": "detect_leaks=0"})
    text = trace.read_text()
    trace.unlink()
    return text, result


def born_open(trace):
    """Files and folders made so that others can open them."""
    made = [line for line in trace.splitlines()
            if ("O_CREAT" in line or re.match(r"\d+ +(mk|creat)", line)) and not OTHERS.search(line)]
    return [line for line in made if not re.search(r", 0[67]00\) += ", line) and "EEXIST" not in line]


def files_with(secrets, home):
    return {str(p.relative_to(home)): p for p in home.rglob("*")
            if p.is_file() and any(s.encode() in p.read_bytes() for s in secrets)}


MAY_HOLD = (".claude/.credentials.json", ".claude/.credentials.json.damaged", ".aws/credentials")


@needs_strace
@pytest.mark.parametrize("command,situation", [(c, s) for c in COMMANDS for s in SITUATIONS
                                               if s == "all is well" or c not in ONLY_WELL])
def test_no_secret_is_told(keeper, command, situation):
    row = COMMANDS[command]
    SITUATIONS[situation](keeper)
    trace, result = traced(keeper, row)
    secrets = keeper.secrets()
    started = [line for line in trace.splitlines() if "execve(" in line]
    assert str(PREFIX) in started[0] and "HOME=" in started[0]
    assert [s for s in secrets if any(s in line for line in started)] == []
    assert born_open(trace) == []
    said = {s for s in secrets if s in result.out + result.err}
    assert bool(said) == row.shows, result
    assert result.status == row.status or situation != "all is well", result
    held = files_with(secrets, keeper.world.home)
    assert set(held) <= set(MAY_HOLD)
    assert all(path.stat().st_mode & 0o77 == 0 for path in held.values())


@needs_strace
def test_it_would_be_seen(keeper):
    """A program that does all of it wrong is found out."""
    keeper.world.program("credrelay", f"#!/bin/sh\nenv TOKEN={MARKER} true {MARKER}\n"
                                      f": >\"$HOME/open\"\necho {MARKER}\n")
    trace, result = traced(keeper, Row(""))
    started = [line for line in trace.splitlines() if "execve(" in line]
    assert sum(line.count(MARKER) for line in started) > 2
    assert len(born_open(trace)) == 1 and MARKER in result.out
