"""`credrelay doctor`: every check in its good and its bad state, to the letter; what --fix mends, and
what it leaves alone.

A row of a table is a state of a machine where all else is well: how it is made, and the finding that
tells it.  In the texts {home}, {store} and their like stand for what differs from run to run."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from harness.parameter_store import (ACCOUNT, READER, WRITER, allow, allow_kms, parameter_arn, policy,
                                     reader_policy, writer_policy)
from harness.relay import LocalStore, fingerprint, join, made_up, snapshot, token, wait_for
from harness.rights import obey_permissions
from harness.watching import watching
from harness.world import FAKE, PREFIX, TESTS

VARIABLES = ["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY",
             "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_PROFILE"]
UNIT = ".config/systemd/user/credrelay-watch.service"


def install_service(world):
    """The stand-in for systemctl, and our service as it should be."""
    (world.home / "manager").mkdir()
    world.program("systemctl", f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {str(FAKE)!r})\n"
                               "from managers import main\nmain('systemctl', sys.argv[1:])\n")
    installed = world.run("credrelay", "service", "install")
    assert installed.status == 0, installed


@pytest.fixture
def well(world, tmp_path):
    """A writer where all is well, but for the alerts that nobody gets."""
    world.shared = LocalStore(tmp_path / "shared" / "store.db")
    world.program("claude", "#!/bin/sh\necho '2.1.300 (Claude Code)'\n")
    join(world, world.shared)
    install_service(world)
    world.write_login(made_up(1, deadline_in=20 * 86400))
    assert world.run("credrelay", "publish").status == 0
    with watching(world):
        yield world


def examine(world, *arguments, **more):
    """(exit status, {about: finding})"""
    result = world.run(*more.pop("under", ()), PREFIX / "bin" / "credrelay", "doctor", "--json",
                       *arguments, **more)
    assert result.err == "", result
    checks = result.json["checks"]
    found = {check["about"]: check for check in checks}
    assert len(found) == len(checks), checks
    return result.status, found


def filled(world, text):
    shared = getattr(world, "shared", None)
    for name, value in {"home": world.home, "user": os.geteuid(), "prefix": PREFIX,
                        "store": shared and shared.path, "print1": fingerprint(token(1))}.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def assert_finding(world, finding, found, message, matters="", hint=""):
    """The texts between slashes are patterns."""
    def same(want, got):
        want = filled(world, want)
        return re.fullmatch(want[1:-1], got) if want.startswith("/^") else want == got
    told = (finding["found"], finding["message"], finding.get("matters", ""), finding.get("hint", ""))
    assert finding["found"] == found and all(map(same, (message, matters, hint), told[1:])), told


# -- where all is well -------------------------------------------------------------------------

GOOD = {  # about: message
    **{name: "not set" for name in [*VARIABLES, "apiKeyHelper"]},
    "login": "/^{print1}, usable, expires in 7 h \\d+ min/",
    "deadline": "/^a person must log in again in 19 d 23 h/",
    "login file": "~/.claude/.credentials.json (mode 0600)",
    "keychain": "not used: the login is in the client's file",
    "store private": "{store}",
    "store opens": "the database is ours and its layout is known",
    "store writable": "values can be put",
    "store intact": "every page was looked at",
    "store value": "version 1, {print1}",
    "store latency": "/^answered in .*/",
    "client": "~/bin/claude",
    "client version": "2.1.300",
    "wrapper": "{prefix}/bin/claude-p",
    "configuration": "~/.config/credrelay/credrelay.conf",
    "state folder": "~/.local/state/credrelay",
    "state files": "/^\\d+, and only their owner can open them/",
    "watcher": "/^running for 2 h 0 min/",
    "service": "running (systemd)",
    "space": "/^\\d+ MiB free/",
    "log": "1 KiB in 1 file",
}


def test_where_all_is_well(well):
    status, found = examine(well)
    assert_finding(well, found.pop("alerts"), "warning", "no channel is set up: nobody is told",
                   "a login that is lost fails every job in silence until you look",
                   "set up [alert] in credrelay.conf, then: credrelay alert test")
    assert set(found) == set(GOOD)
    for about, message in GOOD.items():
        assert_finding(well, found[about], "fine", message)
    assert status == 2


def test_in_the_order_of_the_client(well):
    checks = well.run("credrelay", "doctor", "--json").json["checks"]
    overrides = [c["about"] for c in checks if c["check"] == "override"]
    assert overrides == [*VARIABLES[:5], "apiKeyHelper", *VARIABLES[5:]]
    order = list(dict.fromkeys(c["check"] for c in checks))
    assert order == ["override", "login", "login file", "keychain", "store", "client", "wrapper",
                     "configuration", "state", "watcher", "service", "alerts", "space", "log"]
    assert {c["relay"] for c in checks[:checks.index(next(
        c for c in checks if c["check"] == "configuration"))]} == {"claude"}


# -- where it is not ---------------------------------------------------------------------------

OVERRIDE = "the client uses it instead of its login: nothing that is pulled can help a run"
LOGIN = "without a login that works a run must pull one first, or fails"
DEADLINE = "from then on no machine can renew it, and every run fails until a person has"
OPEN = "who can read the file can use the login"
STORE = "every machine gets its login from there"
CLIENT = "it is what runs, and what renews the login"
WRAPPER = "jobs that call it are the ones that heal"
CONFIG = "who can change it can send the login to a store of their own"
STATE = "who can open it can see or change what this machine remembers of its login"
WATCHER = "without it a login that changed is published and pulled only by hand or by a run"
SERVICE = "it starts the watcher, also after a reboot"
LOG = "it tells what happened, and status and alerts read it"


def settings(content):
    def write(world):
        (world.home / ".claude" / "settings.json").write_text(json.dumps(content))
    return write


def managed(content):
    """A description of one's own, whose administrator's file is where a test can write."""
    def write(world):
        path = world.home / "managed.json"
        path.write_text(json.dumps(content))
        description = (TESTS.parent / "tools" / "claude.ini").read_text()
        tools = world.home / ".config" / "credrelay" / "tools"
        tools.mkdir()
        (tools / "claude.ini").write_text(
            description.replace("/etc/claude-code/managed-settings.json", str(path)))
    return write


def refused(world):
    (world.state / "claude.json").write_text(json.dumps({"v": 1, "store": world.shared.url, "rejected": [
        {"login": hashlib.sha256(token(1).encode()).hexdigest(), "at": int(time.time() * 1000)}]}))
    (world.state / "claude.json").chmod(0o600)


def helper(name, script):
    def install(world):
        world.program(f"credrelay-store-{name}", f"#!/bin/sh\nread line\n{script}\n")
        world.configure(f"[claude]\nstore = {name}:\n")
    return install


def client(script):
    return lambda world: world.program("claude", f"#!/bin/sh\n{script}\n")


def chmod(mode, *names):
    return lambda world: world.home.joinpath(*names).chmod(mode)


def chown(*names):
    def give(world):
        if os.geteuid() != 0:
            pytest.skip("needs root")
        os.chown(world.home.joinpath(*names), 12345, -1)
    return give


def put(value):
    return lambda world: world.shared.put(value)


def note(name, text):
    return lambda world: (world.home / "manager" / name).write_text(text)


def file_in_place_of(*names):
    def write(world):
        path = world.home.joinpath(*names)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.write_text("x")
    return write


def folder_in_place_of(*names):
    def write(world):
        path = world.home.joinpath(*names)
        path.unlink()
        path.mkdir(mode=0o700)
    return write


STATE_DIR = (".local", "state", "credrelay")
CREDENTIALS = (".claude", ".credentials.json")
CONFIG_FILE = (".config", "credrelay", "credrelay.conf")

BAD = [  # (what is so, how it is made, about, found, message, matters, hint)
    ("a helper in the settings", settings({"apiKeyHelper": "get-key"}), "apiKeyHelper", "warning",
     "set in ~/.claude/settings.json", OVERRIDE, "take apiKeyHelper out of ~/.claude/settings.json"),
    ("a variable in the settings", settings({"env": {"ANTHROPIC_API_KEY": "x"}}), "ANTHROPIC_API_KEY",
     "warning", "set in ~/.claude/settings.json", OVERRIDE,
     "take ANTHROPIC_API_KEY out of ~/.claude/settings.json"),
    ("an administrator's helper", managed({"apiKeyHelper": "get-key"}), "apiKeyHelper", "warning",
     "set in ~/managed.json", OVERRIDE, "take apiKeyHelper out of ~/managed.json"),

    ("a blank login", lambda w: w.write_login(access="", refresh=""), "login", "broken",
     "{home}/.claude/.credentials.json holds a blank login: a refresh was refused", LOGIN,
     "credrelay pull, or log in: claude /login"),
    ("no login", lambda w: w.login_path.unlink(), "login", "broken",
     "{home}/.claude/.credentials.json does not exist", LOGIN, "credrelay pull, or log in: claude /login"),
    ("an expired login", lambda w: w.write_login(made_up(1, expires_in=-7200)), "login", "warning",
     "/^{print1}, expired 2 h \\d+ min ago/", LOGIN, "credrelay sync"),
    ("a login that was refused", refused, "login", "broken", "{print1}, and the server refused it", LOGIN,
     "credrelay pull"),
    ("the month is nearly over", lambda w: w.write_login(made_up(1, deadline_in=3 * 86400)), "deadline",
     "warning", "/^a person must log in again in 2 d 23 h/", DEADLINE, "log in: claude /login"),
    ("the month is over", lambda w: w.write_login(made_up(1, deadline_in=-60)), "deadline", "broken",
     "the login has reached its time limit", DEADLINE, "log in: claude /login"),

    ("a login for all to read", chmod(0o644, *CREDENTIALS), "login file", "broken",
     "others can open ~/.claude/.credentials.json (mode 0644)", OPEN,
     "chmod 600 ~/.claude/.credentials.json"),
    ("a login in a folder for all to write in", chmod(0o777, ".claude"), "login file", "broken",
     "others can write in ~/.claude (mode 0777), where the login is", OPEN, "chmod go-w ~/.claude"),
    ("a login of another user's", chown(*CREDENTIALS), "login file", "warning",
     "~/.claude/.credentials.json belongs to user 12345", OPEN, "run this as the user who owns it"),

    ("a store for all to read", lambda w: w.shared.path.chmod(0o644), "store private", "broken",
     "others can open the store {store} (mode 0644)", "who can open the store has the login",
     "close it, and log in again if somebody may have read it: chmod 600 '{store}'"),
    ("a store that is no database", lambda w: w.shared.path.write_bytes(b"x" * 8192), "store opens", "broken",
     "the store {store}: it is no database, or its beginning is damaged", STORE,
     "/^it was left as it is; move it aside, then publish again from a machine that is logged in: cd '.*/"),
    ("a store without a helper", lambda w: w.configure("[claude]\nstore = nosuch:\n"), "store", "broken",
     "no helper for 'nosuch:' stores", STORE,
     "install credrelay whole, or put a program called credrelay-store-nosuch on PATH"),
    ("a store that fails", helper("bad", "exit 3"), "store", "broken",
     "bad: {home}/bin/credrelay-store-bad gave no answer (exit status 3)", STORE,
     "try: {home}/bin/credrelay-store-bad </dev/null"),
    ("a value that is blank", put('{"claudeAiOauth":{"accessToken":"","scopes":[]}}'), "store value",
     "broken", "version 2 is no login that works (blank)", STORE, "credrelay publish"),
    ("an empty store", lambda w: w.shared.path.unlink(), "store value", "warning", "there is none yet", STORE,
     "credrelay publish"),
    ("a store that takes its time", lambda w: join(w, w.shared, more="preflight = 0s\n"), "store latency",
     "warning", "/^answered in .*: a run does not wait that long for a login/", STORE,
     "raise preflight in credrelay.conf, or find out what is slow on the way"),

    ("no client", lambda w: (w.bin / "claude").unlink(), "client", "broken", "claude: command not found",
     CLIENT, "the program behind the wrapper must be on PATH: type -a claude"),
    ("a client that says no version", client("exit 3"), "client version", "warning",
     "it cannot be told: it did not end well", CLIENT, "try it: claude --version"),
    ("a client that says something else", client("echo hello"), "client version", "warning",
     "it cannot be told: it says no number", CLIENT, "try it: claude --version"),
    ("an old client", client("echo '2.1.99 (Claude Code)'"), "client version", "warning",
     "2.1.99: up to 2.1.100 it rewrites its login in place, where others can see it torn; it can take 3 "
     "minutes to fail", CLIENT, "update Claude Code"),
    ("another wrapper first", lambda w: w.program("claude-p", "#!/bin/sh\n"), "wrapper", "warning",
     "PATH finds ~/bin/claude-p first, which is another program", WRAPPER,
     "export PATH={prefix}/bin:\"$PATH\""),
    ("no wrapper on PATH", lambda w: w.env.update(PATH=f"{w.bin}:/usr/bin:/bin"), "wrapper", "warning",
     "claude-p is not on PATH", WRAPPER, "export PATH={prefix}/bin:\"$PATH\""),

    ("a setting that is none", lambda w: w.configure("[claude]\nrole = boss\n"), "configuration", "broken",
     "{home}/.config/credrelay/credrelay.conf:2: role = boss is not valid",
     "runs go on without help, and nothing is relayed", "role takes reader|writer"),
    ("a configuration for all to change", chmod(0o666, *CONFIG_FILE), "configuration", "broken",
     "others can change ~/.config/credrelay/credrelay.conf (mode 0666)", CONFIG,
     "chmod go-w ~/.config/credrelay/credrelay.conf"),
    ("a folder for all to change", chmod(0o777, ".config", "credrelay"), "configuration", "broken",
     "others can change ~/.config/credrelay (mode 0777)", CONFIG, "chmod go-w ~/.config/credrelay"),
    ("a configuration of another user's", chown(*CONFIG_FILE), "configuration", "broken",
     "~/.config/credrelay/credrelay.conf belongs to user 12345", CONFIG,
     "sudo chown {user} ~/.config/credrelay/credrelay.conf"),

    ("a state folder for all to look", chmod(0o755, *STATE_DIR), "state folder", "broken",
     "others can open ~/.local/state/credrelay (mode 0755)", STATE, "chmod go= ~/.local/state/credrelay"),
    ("no state folder but a file", file_in_place_of(*STATE_DIR), "state folder", "broken",
     "~/.local/state/credrelay cannot be used: Not a directory", STATE,
     "it must be a folder of yours: ls -ld ~/.local/state/credrelay"),
    ("a state for all to read", chmod(0o640, *STATE_DIR, "claude.json"), "state files", "broken",
     "others can open ~/.local/state/credrelay/claude.json (mode 0640)", STATE,
     "chmod go= ~/.local/state/credrelay/claude.json"),
    ("a state of another user's", chown(*STATE_DIR, "claude.json"), "state files", "broken",
     "~/.local/state/credrelay/claude.json belongs to user 12345", STATE,
     "sudo chown {user} ~/.local/state/credrelay/claude.json"),

    ("no service", lambda w: (w.home / UNIT).unlink(), "service", "warning", "not installed (systemd)", SERVICE,
     "credrelay service install"),
    ("a service that does not run", note("pid", ""), "service", "warning",
     "installed, and not running (systemd)", SERVICE, "credrelay service install"),
    ("a service of an earlier version", lambda w: (w.home / UNIT).write_text(
        (w.home / UNIT).read_text() + "# earlier\n"), "service", "warning",
     "~/.config/systemd/user/credrelay-watch.service is not what this version would write", SERVICE,
     "credrelay service install"),
    ("a unit of somebody else's", lambda w: (w.home / UNIT).write_text("[Service]\nExecStart=/bin/true\n"),
     "service", "warning", "~/.config/systemd/user/credrelay-watch.service is not ours", SERVICE,
     "move it away: mv ~/.config/systemd/user/credrelay-watch.service "
     "~/.config/systemd/user/credrelay-watch.service.old"),
    ("no service manager", note("refuse", "show\tFailed to connect to bus\n"), "service", "warning",
     "systemd does not answer here", SERVICE, "start the watcher by itself: credrelay watch --detach"),

    ("a log that is a folder", folder_in_place_of(*STATE_DIR, "events.jsonl"), "log", "broken",
     "~/.local/state/credrelay/events.jsonl is not a file", LOG,
     "move it away: mv ~/.local/state/credrelay/events.jsonl ~/.local/state/credrelay/events.jsonl.old"),
]


@pytest.mark.parametrize("spoil, about, found, message, matters, hint", [row[1:] for row in BAD],
                         ids=[row[0] for row in BAD])
def test_what_is_not_well(well, spoil, about, found, message, matters, hint):
    spoil(well)
    status, findings = examine(well)
    assert_finding(well, findings[about], found, message, matters, hint)
    assert status == (1 if "broken" in [f["found"] for f in findings.values()] else 2)


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_goes_before_the_login(well, name):
    status, found = examine(well, env={name: "1"})
    assert_finding(well, found[name], "warning", "set in this environment", OVERRIDE, f"unset {name}")
    assert [n for n in VARIABLES if found[n]["found"] != "fine"] == [name]


def test_a_very_old_client(well):
    client("echo '1.0.100 (Claude Code)'")(well)
    checks = well.run("credrelay", "doctor", "--json").json["checks"]
    assert [c["message"] for c in checks if c["about"] == "client version"] == [
        "1.0.100: up to 1.0.128 it does not read its login again when that was refused: a run under way "
        "cannot be healed",
        "1.0.100: up to 2.1.100 it rewrites its login in place, where others can see it torn; it can take 3 "
        "minutes to fail"]


def test_a_wrapper_that_was_not_installed(well):
    """A prefix with the program alone."""
    prefix = well.home / "prefix"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy(PREFIX / "bin" / "credrelay", prefix / "bin" / "credrelay")
    (prefix / "libexec").symlink_to(PREFIX / "libexec")
    well.env["PATH"] = f"{well.bin}:/usr/bin:/bin"
    checks = well.run(prefix / "bin" / "credrelay", "doctor", "--json").json["checks"]
    wrapper = next(c for c in checks if c["about"] == "wrapper")
    assert_finding(well, wrapper, "warning", "claude-p is not on PATH", WRAPPER,
                   "ln -s credrelay ~/prefix/bin/claude-p")


def test_a_machine_where_nothing_is_configured(world):
    _, found = examine(world)
    assert_finding(world, found["configuration"], "fine",
                   "none: one relay, claude, with a store of this machine")
    assert_finding(world, found["log"], "fine", "nothing has happened yet")


def test_a_store_that_does_not_say(well):
    helper("mute", """case $line in
        *'"check"'*) echo '{"ok":false,"error":"unsupported","message":"no"}' ;;
        *) echo '{"ok":false,"error":"not_found","message":"nothing"}' ;;
        esac""")(well)
    _, found = examine(well)
    assert_finding(well, found["store"], "fine", "its helper does not say what is so with it")
    assert_finding(well, found["store value"], "warning", "there is none yet", STORE, "credrelay publish")


def test_a_store_of_ones_own_may_warn(well):
    helper("own", """case $line in
        *'"check"'*) echo '{"ok":true,"checks":[{"name":"moon","ok":true,"warning":true,"detail":"full",
            "hint":"wait"},{"name":"tide","ok":true,"detail":"low"}]}' | tr -d '\\n'; echo ;;
        *) echo '{"ok":false,"error":"unreachable","message":"ebb","hint":"wait"}' ;;
        esac""")(well)
    _, found = examine(well)
    assert_finding(well, found["store moon"], "warning", "full", STORE, "wait")
    assert_finding(well, found["store tide"], "fine", "low")
    assert_finding(well, found["store value"], "broken", "own: ebb", STORE, "wait")


# -- the Keychain ------------------------------------------------------------------------------

KEYCHAIN = "the client reads it before its file"
ITEM = "Claude Code-credentials/me"


def keychain(world, status=None, item=None):
    """The stand-in for security(1), with an item or none; STATUS: how it fails."""
    (world.home / "keychain").mkdir()
    program = world.program("security", f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {str(FAKE)!r})\n"
                                        "from security import main\nsys.exit(main(sys.argv[1:]))\n")
    world.env.update(CREDRELAY_SECURITY_PROGRAM=str(program), USER="me")
    if item:
        (world.home / "keychain" / "items.json").write_text(json.dumps({ITEM: json.dumps(item).encode().hex()}))
    if status:
        (world.home / "keychain" / "status").write_text(status)


def test_a_login_in_the_keychain(well):
    keychain(well, item=made_up(1))
    well.login_path.unlink()
    _, found = examine(well)
    assert_finding(well, found["keychain"], "fine", "it has the login")
    assert found["login"]["found"] == "fine" and "login file" not in found


def test_a_keychain_without_an_item(well):
    keychain(well)
    assert_finding(well, examine(well)[1]["keychain"], "fine", "it has no login: the client's file is used")


def test_a_keychain_that_is_locked(well):
    keychain(well, status="36 User interaction is not allowed.", item=made_up(1))
    status, found = examine(well)
    assert_finding(well, found["keychain"], "broken",
                   "the Keychain is locked for this session, as it is over SSH and in the background", KEYCHAIN,
                   "unlock it in this session (security unlock-keychain), or keep the login in the file, "
                   "which the client reads where it has no item: login-source = file")
    assert status == 1 and found["login"]["found"] == "broken"


# -- the watcher -------------------------------------------------------------------------------


def test_no_watcher(world):
    """What starts one depends on whether a service manager answers."""
    install_service(world)
    _, found = examine(world)
    assert_finding(world, found["watcher"], "warning", "not running", WATCHER, "credrelay service install")
    note("refuse", "show\tFailed to connect to bus\n")(world)
    _, found = examine(world)
    assert_finding(world, found["watcher"], "warning", "not running", WATCHER, "credrelay watch --detach")
    said = world.run("credrelay", "status", "--json").json["relays"][0]["notes"]
    assert ("watcher", "credrelay watch --detach") in [(n["about"], n["hint"]) for n in said]


WHOSE = {  # the process of the service; None: no manager answers
    "no manager": (None, "then: credrelay watch --detach"),
    "no service": ("", "then: credrelay service install"),
    "another": ("4242", "then: credrelay service install"),
    "the service": (str(os.getpid()), "its service starts it again"),
}


@pytest.mark.parametrize("whose, again", WHOSE.values(), ids=WHOSE)
def test_a_watcher_of_another_version(world, whose, again):
    """Only what the service has started is started again."""
    if whose is not None:
        install_service(world)
        note("pid", whose)(world)
    with watching(world, version="0.0.1"):
        _, found = examine(world)
    version = world.run("credrelay", "version", "--json").json["version"]
    assert_finding(world, found["watcher"], "warning", f"it is version 0.0.1, and this is {version}", WATCHER,
                   f"kill {os.getpid()}; {again}")


def test_a_watcher_in_trouble(world):
    with watching(world, claude={"error": "denied", "message": "the store: access denied",
                                 "hint": "allow it"}):
        status, found = examine(world)
    assert found["watcher"]["found"] == "fine"
    assert_finding(world, found["watcher of claude"], "broken", "the store: access denied", WATCHER, "allow it")
    assert status == 1


# -- alerts ------------------------------------------------------------------------------------

ALERTS = "a login that is lost fails every job in silence until you look"
ALERT_ROWS = [  # (settings, about, found, message, hint)
    ("command = cat >/dev/null", "alert command", "fine", "can be used", ""),
    ("webhook-file = /nonexistent", "alert webhook", "broken",
     "webhook: cannot open /nonexistent: No such file or directory",
     "write the secret into it: (umask 077; cat >'/nonexistent')"),
    ("mail = me@example.com\nsmtp = smtp://127.0.0.1:1", "alert mail", "broken",
     "mail: cannot connect to 127.0.0.1:1: Connection refused",
     "check the network, and smtp in [alert]: smtp://HOST:587 or smtps://HOST:465"),
    ("mail = nobody", "alerts", "broken", "{home}/.config/credrelay/credrelay.conf:2: mail = nobody is not valid",
     "mail takes ADDRESS,..."),
]


@pytest.mark.parametrize("settings, about, found, message, hint", ALERT_ROWS, ids=[r[0] for r in ALERT_ROWS])
def test_a_channel(world, settings, about, found, message, hint):
    world.configure(f"[alert]\n{settings}\n[claude]\nstore = local:\n")
    _, findings = examine(world)
    assert_finding(world, findings[about], found, message, ALERTS if found != "fine" else "", hint)


def test_a_message_that_was_not_taken(world):
    """A run that cannot be helped is told; whoever should hear it does not take it."""
    world.configure("[alert]\ncommand = echo gone away >&2; exit 1\n[claude]\nstore = local:\n")
    world.install_client()
    assert world.run("claude-p", "reply with single word ok").status == 78
    found = wait_for(lambda: examine(world)[1].get("alerts"), seconds=60)
    assert_finding(world, found, "warning", "/^a message was not taken: command: .*/", ALERTS,
                   "once that is mended: credrelay alert test")


# -- what the file system says -----------------------------------------------------------------


def test_a_log_that_cannot_be_written(well):
    (well.state / "events.jsonl").chmod(0o400)
    _, found = examine(well, preexec_fn=obey_permissions)
    assert_finding(well, found["log"], "broken",
                   "~/.local/state/credrelay/events.jsonl cannot be written: Permission denied", LOG,
                   "chmod 600 ~/.local/state/credrelay/events.jsonl")


def test_a_state_folder_that_cannot_be_used(well):
    well.state.chmod(0o500)
    try:
        _, found = examine(well, preexec_fn=obey_permissions)
    finally:
        well.state.chmod(0o700)
    assert_finding(well, found["state folder"], "broken",
                   "~/.local/state/credrelay cannot be used: Permission denied", STATE,
                   "it must be a folder of yours: ls -ld ~/.local/state/credrelay")


def can_mount():
    return os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(
        ["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode == 0


SPACE = "a login that cannot be written is a login that lapses"


@pytest.mark.parametrize("size, found, message, hint", [
    ("size=512k", "broken", "512 KiB free at ~/.claude", "see what can go: df -h ~/.claude"),
    ("size=8m", "warning", "8192 KiB free at ~/.claude", "see what can go: df -h ~/.claude"),
    ("size=128m", "fine", "128 MiB free", ""),
    ("nr_inodes=1", "broken", "no file can be made any more at ~/.claude",
     "see which folder has the most: du --inodes -x ~/.claude"),
])
def test_space(world, size, found, message, hint):
    """The login's folder on a file system of its own, with so much room."""
    if not can_mount():
        pytest.skip("needs root and mount namespaces")
    (world.home / ".claude").mkdir()
    mount = ["unshare", "-m", "sh", "-c", f'mount -t tmpfs -o {size} none ~/.claude && exec "$@"', "sh"]
    _, findings = examine(world, under=mount)
    assert_finding(world, findings["space for logins"], found, message,
                   SPACE if hint else "", hint)


# -- Parameter Store ---------------------------------------------------------------------------


@pytest.fixture
def writer(world, parameter_store):
    """A writer of the fleet's, with its login published; it watches nothing."""
    world.parameter_store = parameter_store
    world.write_aws_profiles(**parameter_store.profiles())
    configure(world)
    world.write_login(made_up(1))
    assert world.run("credrelay", "publish").status == 0
    return world


def configure(world, role="writer", url=None, more=""):
    world.configure(f"[claude]\nrole = {role}\nstore = {url or world.parameter_store.url()}\n"
                    f"reader-profile = {READER}\nwriter-profile = {WRITER}\n{more}")


def arn_of(user):
    return f"arn:aws:iam::{ACCOUNT}:user/{user}"


def places(world):
    store = world.parameter_store
    return {"path": store.path, "arn": parameter_arn(store.path), "host": store.endpoint.split("//")[1],
            "writer": arn_of(WRITER), "reader": arn_of(READER)}


def with_places(world, text):
    for name, value in places(world).items():
        text = text.replace("{" + name + "}", re.escape(value) if text.startswith("/^") else value)
    return text


GOOD_PARAMETER = {
    "store identity": f"{{writer}} (profile {WRITER})",
    "store profile": f"{WRITER} is there",
    "store keys file": "only its owner can open ~/.aws/credentials",
    "store clock": "/^(in step with AWS|\\d+ s (behind|ahead of) AWS)/",
    "store certificate": "none: {host} is asked over plain http",
    "store read": "{path} is at version 1",
    "store kms": "the value could be deciphered (PARAMETER_ARN = {arn})",
    "store write": "may put (asked by a put that changes nothing; enciphering was not tested)",
    "store history": "earlier versions can be read",
    "store value": "version 1, {print1}",
    "store latency": "/^answered in .*/",
    ".renewable read": "{path}.renewable is at version 1",
    ".renewable kms": "the value could be deciphered (PARAMETER_ARN = {arn}.renewable)",
    ".renewable write": "may put (asked by a put that changes nothing; enciphering was not tested)",
    ".renewable history": "earlier versions can be read",
}


def test_a_writer_of_parameter_store(writer, parameter_store):
    _, found = examine(writer)
    of_the_store = {about: f for about, f in found.items() if f["check"] == "store"}
    assert set(of_the_store) == set(GOOD_PARAMETER)
    for about, message in GOOD_PARAMETER.items():
        assert_finding(writer, found[about], "fine", with_places(writer, message))
    assert len(parameter_store.history()) == len(parameter_store.history(parameter_store.path + ".renewable")) == 1


def test_a_reader_of_parameter_store(writer):
    configure(writer, role="reader", more="")
    writer.write_aws_profiles(claude_creds_reader=writer.parameter_store.profiles()["claude_creds_reader"])
    _, found = examine(writer)
    asked = [about for about, f in found.items() if f["check"] == "store"]
    assert asked == ["store identity", "store profile", "store keys file", "store clock", "store certificate",
                     "store read", "store kms", "store value", "store latency"]
    assert {found[about]["found"] for about in asked} == {"fine"}


def user(world, profile, document):
    key = world.parameter_store.user(profile.replace("_", "-"), document)
    world.write_aws_profiles(**{**world.parameter_store.profiles(), profile: key})


def own_key(world):
    """The parameter under a key of the customer's, which the writer's policy does not name."""
    world.parameter_store.put(made_up(1, refresh=None), kms_key=f"arn:aws:kms:us-west-2:{ACCOUNT}:key/customer")
    user(world, "claude_creds_writer", policy(allow("ssm:*", world_arns(world))))


def world_arns(world):
    arn = parameter_arn(world.parameter_store.path)
    return [arn, arn + ".renewable"]


BAD_PARAMETER = [
    ("keys that AWS does not know", lambda w: w.write_aws_profiles(claude_creds_writer=("AKIAIOSFODNN7EXAMPLE", "x" * 40)),
     "store identity", "broken", "/^GetCallerIdentity: AWS does not know the access key.*/",
     "the store must know this machine's keys, or nothing can be read", "/^.*aws.*/"),
    ("no such profile", lambda w: w.write_aws_profiles(other=("AKIAIOSFODNN7EXAMPLE", "x" * 40)),
     "store profile", "broken", f"there is no profile {WRITER} in ~/.aws/credentials",
     "the keys a machine has are what somebody who breaks in has",
     f"enter its keys: aws configure --profile {WRITER}"),
    ("a reader with the writer's keys", lambda w: configure(w, role="reader"), "store profile", "warning",
     f"this reader has the keys of profile {WRITER}: who breaks in here can publish a login",
     "the keys a machine has are what somebody who breaks in has", f"take [{WRITER}] out of ~/.aws/credentials"),
    ("keys for all to read", chmod(0o644, ".aws", "credentials"), "store keys file", "broken",
     "others can open ~/.aws/credentials (mode 0644)", "who can read the keys can read the login",
     "chmod 600 ~/.aws/credentials"),
    ("a clock that is a little off", lambda w: w.parameter_store.clock(120), "store clock", "warning",
     "/^(1 min 5\\d|2 min \\d+) s behind AWS/",
     "requests are refused 5 minutes off, and a login's expiry is told by this clock",
     "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)"),
    ("a clock that is wrong", lambda w: w.parameter_store.clock(-7200), "store clock", "broken",
     "/^(1 h 59|2 h 0) min ahead of AWS/",
     "requests are refused 5 minutes off, and a login's expiry is told by this clock",
     "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)"),
    ("another parameter's reader", lambda w: (
        configure(w, role="reader"), user(w, "claude_creds_reader", reader_policy("/other"))),
     "store read", "broken", "/^GetParameter: access denied: .*/", "a login that lapsed here cannot be replaced",
     f"allow ssm:GetParameter on {{arn}} to {{reader}} (profile {READER})"),
    ("a key that may not decipher", own_key, "store kms", "broken",
     "/^GetParameter: .*; a condition on kms:EncryptionContext must say PARAMETER_ARN = {arn}/",
     "the value is there and cannot be deciphered",
     f"/^allow kms:Decrypt on the parameter's KMS key .* to .*/"),
    ("a writer that may not write", lambda w: user(w, "claude_creds_writer", reader_policy(w.parameter_store.path)),
     "store write", "broken", "/^PutParameter: access denied: .*/",
     "a login renewed on this machine does not reach the others",
     f"allow ssm:PutParameter on {{arn}} to {{writer}} (profile {WRITER})"),
    ("a writer without the history", lambda w: user(
        w, "claude_creds_writer", writer_policy(w.parameter_store.path, literal=True)),
     "store history", "warning", "/^GetParameterHistory: access denied: .*/",
     "in a doubt it tells an earlier login from a later one",
     f"allow ssm:GetParameterHistory on {{arn}} to {{writer}} (profile {WRITER})"),
    ("a writer of the one parameter alone", lambda w: user(
        w, "claude_creds_writer", writer_policy(w.parameter_store.path, literal=True)),
     ".renewable read", "broken", "/^GetParameter: access denied: .*/", "a login that lapsed here cannot be replaced",
     f"allow ssm:GetParameter on {{arn}}.renewable to {{writer}} (profile {WRITER})"),
    ("nothing published", lambda w: w.parameter_store.delete(), "store value", "warning", "there is none yet",
     STORE, "credrelay publish"),
    ("nothing published, on a reader", lambda w: (configure(w, role="reader"), w.parameter_store.delete()),
     "store value", "warning", "there is none yet", STORE, "on a writer: credrelay publish"),
]


@pytest.mark.parametrize("spoil, about, found, message, matters, hint", [row[1:] for row in BAD_PARAMETER],
                         ids=[row[0] for row in BAD_PARAMETER])
def test_what_is_not_well_with_parameter_store(writer, spoil, about, found, message, matters, hint):
    spoil(writer)
    _, findings = examine(writer)
    assert_finding(writer, findings[about], found, *(with_places(writer, t) for t in (message, matters, hint)))


def test_a_certificate_that_is_not_trusted(writer, fault_server, certificates):
    server = fault_server("answer", body=b"{}", tls=certificates.good)
    configure(writer, url=writer.parameter_store.url(endpoint=server.url))
    _, found = examine(writer)
    assert found["store certificate"]["found"] == "broken"
    assert found["store certificate"]["matters"] == "a store that cannot be trusted is not asked at all"
    assert found["store certificate"]["hint"] == (
        "if a proxy inspects TLS here, set AWS_CA_BUNDLE to its certificate's file")


# -- several relays, screens -------------------------------------------------------------------


def test_one_relay_of_two(well):
    more = f"[work]\ntool = codex\nstore = {well.shared.url}\n"
    join(well, well.shared, more=more)
    both = well.run("credrelay", "doctor", "--json").json["checks"]
    assert {c["relay"] for c in both} == {"claude", "work", None}
    one = well.run("credrelay", "doctor", "--json", "-r", "work").json["checks"]
    assert {c["relay"] for c in one} == {"work", None}
    none = well.run("credrelay", "doctor", "-r", "play")
    assert none.status == 64 and "has no relay called 'play'" in none.err


def test_a_screen(well):
    """What is fine and says the same is one row; what is not well says why and what mends it."""
    well.login_path.chmod(0o644)
    result = well.run("credrelay", "doctor")
    assert (result.status, result.err) == (1, "")
    assert all(len(line) <= 80 or " " not in line[30:] for line in result.out.splitlines())
    assert result.out.startswith(
        "claude\n"
        "  ok      override            not set: CLAUDE_CODE_USE_BEDROCK,\n"
        "                              CLAUDE_CODE_USE_VERTEX, CLAUDE_CODE_USE_FOUNDRY,\n")
    assert ("  FAIL    login file          others can open ~/.claude/.credentials.json (mode\n"
            "                              0644)\n"
            "                              who can read the file can use the login\n"
            "            chmod 600 ~/.claude/.credentials.json\n") in result.out
    assert "\n\nthis machine\n  ok      configuration  " in result.out
    assert result.out.endswith("\n\n1 broken, 1 to be seen to\n")


def test_it_changes_nothing(well):
    before = snapshot(well.home)
    for arguments in ([], ["--json"]):
        well.run("credrelay", "doctor", *arguments)
    (well.home / "manager" / "calls").unlink()
    after = snapshot(well.home)
    before.pop(str(well.home / "manager" / "calls"))
    assert after == before


# -- --fix -------------------------------------------------------------------------------------

MENDED = [  # (what is so, about, what --fix says of it)
    (chmod(0o666, *CONFIG_FILE), "configuration",
     "~/.config/credrelay/credrelay.conf had mode 0666, has 0644 now"),
    (chmod(0o755, *STATE_DIR), "state folder", "~/.local/state/credrelay had mode 0755, has 0700 now"),
    (chmod(0o640, *STATE_DIR, "claude.json"), "state files",
     "~/.local/state/credrelay/claude.json had mode 0640, has 0600 now"),
    (lambda w: (w.home / UNIT).unlink(), "service",
     "installed ~/.config/systemd/user/credrelay-watch.service"),
]


@pytest.mark.parametrize("spoil, about, message", MENDED, ids=[row[2] for row in MENDED])
def test_what_can_be_mended(well, spoil, about, message):
    spoil(well)
    assert examine(well)[1][about]["fixable"] is True
    assert "; some can be mended: credrelay doctor --fix\n" in well.run("credrelay", "doctor").out
    status, found = examine(well, "--fix")
    assert_finding(well, found[about], "mended", message)
    assert status == 2  # the alerts
    assert examine(well)[1][about]["found"] == "fine"


def test_what_is_not_ours_is_left_alone(well):
    install = well.home / UNIT
    install.write_text("[Service]\nExecStart=/bin/true\n")
    well.login_path.chmod(0o644)
    well.write_aws_profiles(one=("AKIAIOSFODNN7EXAMPLE", "x" * 40))
    (well.home / ".aws" / "credentials").chmod(0o644)
    (well.state / "theirs").symlink_to(well.login_path)
    before = snapshot(well.home / ".claude", well.home / ".aws", well.home / ".config")
    status, found = examine(well, "--fix")
    assert (status, found["login file"]["found"], found["service"]["found"]) == (1, "broken", "warning")
    assert snapshot(well.home / ".claude", well.home / ".aws", well.home / ".config") == before


def test_a_service_whose_place_is_taken_is_not_started(well):
    note("pid", "")(well)  # and yet a watcher runs
    status, found = examine(well, "--fix")
    assert (status, found["service"]["found"]) == (2, "warning")
    assert found["service"]["message"].startswith(
        "installed, and not running (systemd); it could not be mended: a watcher that is not the service's runs")


def test_what_could_not_be_mended(well):
    """Found, and then given to somebody else before it is mended: chattr is not everywhere, a service
    that refuses is."""
    (well.home / UNIT).unlink()
    note("refuse", "restart\tUnit is masked.\n")(well)
    status, found = examine(well, "--fix")
    assert found["service"]["found"] == "warning"
    assert found["service"]["message"].startswith("not installed (systemd); it could not be mended: ")
    assert found["service"]["hint"] == "credrelay service install"
