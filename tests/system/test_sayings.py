"""What commands say on days that do not come up: mistakes at their edges, colours, odd answers, and
output that goes nowhere."""
import hashlib
import json
import os
import signal
import time

import pytest

from harness.person import Person
from harness.relay import LocalStore, fingerprint, join, made_up, token
from harness.watching import watching


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


def now():
    return int(time.time() * 1000)


def put_log(world, *events):
    """Events as the program writes them, the last of them now."""
    world.state.mkdir(parents=True, exist_ok=True)
    lines = []
    for event in events:
        ts = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        lines.append(json.dumps({"v": 1, "ts": ts, "relay": "claude", "machine": "m", **event},
                                separators=(",", ":")) + "\n")
    (world.state / "events.jsonl").write_text("".join(lines))


# -- mistakes ----------------------------------------------------------------------------------

NOT_AWS = ("the store of relay claude is local:, not AWS Parameter Store",
           "  write store = ssm://REGION/NAME in its section of credrelay.conf")
NOT_SO_LONG = "--expires {} is not a time from 1 minute to 30 days"
ALONE = ["-f", "--lines=3", "--since=1h", "--event=run"]
MISTAKES = {  # the command line, after credrelay: exit status, what is said
    ("help", "nonsense"): (64, "credrelay help: no command called 'nonsense'\n  see: credrelay help\n"),
    **{("log", "--stats", option): (64, "credrelay: log: --stats stands alone\n") for option in ALONE},
    **{("log", "--prometheus=x", option): (64, "credrelay: log: --prometheus stands alone\n")
       for option in [*ALONE, "--relay=claude"]},
    ("log", "--event=" + "run," * 1000): (64, "credrelay: log: --event: the list is too long\n"),
    **{("invite", "reader", "--expires", span): (
        64, f"credrelay: invite: {NOT_SO_LONG.format(span)}\n  for instance --expires 2h\n")
       for span in ("1s", "31d", "soon")},
    **{("aws", *command): (69, f"credrelay: aws {command[0]}: {NOT_AWS[0]}\n{NOT_AWS[1]}\n")
       for command in (["setup"], ["take-key"], ["rotate-key", "reader"], ["template", "terraform"])},
}


@pytest.mark.parametrize("argv", MISTAKES, ids=[" ".join(argv)[:40] for argv in MISTAKES])
def test_a_mistake(world, argv):
    status, said = MISTAKES[argv]
    ran = world.run("credrelay", *argv)
    assert (ran.status, ran.out, ran.err) == (status, "", said)
    assert not world.state.exists() and not (world.home / "x").exists()


def test_help_of_one_command_and_the_version_as_data(world):
    assert world.run("credrelay", "help", "status").out == world.run("credrelay", "status", "--help").out
    version = world.run("credrelay", "version").out.split()[1]
    assert world.run("credrelay", "version", "--json").json["version"] == version


def test_many_names_of_events(world):
    """More than are looked for: the first of them are."""
    put_log(world, {"event": "run", "verdict": "lapsed", "exit_status": 78})
    names = ["pull"] * 31
    assert len(world.run("credrelay", "log", "--json", "--event", ",".join([*names, "run"])).out.splitlines()) == 1
    assert world.run("credrelay", "log", "--json", "--event", ",".join([*names, "key", "run"])).out == ""


# -- AWS -----------------------------------------------------------------------------------------

AWS_REGION = "credrelay: aws {}: no AWS region: neither in the store's URL nor in AWS_REGION\n" \
             "  write the store as ssm://us-west-2/NAME\n"
REGIONS = {  # the environment: the region, or None
    "AWS_REGION": ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
    "empty, then the default": ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
    "both empty": ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, None),
    "none": ({}, None),
    "no region at all": ({"AWS_REGION": "x" * 100}, None),
}


@pytest.mark.parametrize("env, region", REGIONS.values(), ids=REGIONS)
def test_the_region_of_a_policy(world, env, region):
    world.configure("[claude]\nstore = ssm:///claude/oauth\nkms-key-id = alias/claude\n")
    made = world.run("credrelay", "aws", "policy", "reader", "--account", "123456789012", "--json", env=env)
    if region:
        assert (made.status, made.json["region"], made.json["warning"]) == (0, region, None)
        assert f"arn:aws:ssm:{region}:123456789012:parameter/claude/oauth" in made.out
        template = world.run("credrelay", "aws", "template", "terraform", env=env)
        assert (template.status, template.err) == (0, "")
    else:
        assert (made.status, made.json["message"]) == (65, AWS_REGION.split(": ", 2)[2].split("\n")[0])
    if not env.get("AWS_REGION") and not region:
        template = world.run("credrelay", "aws", "template", "terraform", env=env)
        assert (template.status, template.err) == (65, AWS_REGION.format("template"))


# -- colours ------------------------------------------------------------------------------------

GOOD, BAD, DIM, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", ""
SYNC = {"why": "successor", "local": "3f34bd3d", "store": "3f34bd3d", "version": 4}
TONES = {  # an event: its tone
    "published": ({"event": "publish", "ok": True, "did": "publish", **SYNC}, GOOD),
    "pulled": ({"event": "pull", "ok": True, "did": "install_shared", **SYNC}, GOOD),
    "recovered": ({"event": "run", "verdict": "lapsed", "recovery_attempted": True, "recovery_succeeded": True,
                   "retried": True, "exit_status": 0}, GOOD),
    "refused": ({"event": "sync", "ok": False, "error": "denied", "message": "access denied"}, BAD),
    "failed": ({"event": "run", "verdict": "lapsed", "recovery_attempted": True, "recovery_succeeded": False,
                "exit_status": 78, "message": "no login"}, BAD),
    "an incident": ({"event": "incident", "open": True, "what": "run", "message": "no login"}, BAD),
    "its end": ({"event": "incident", "open": False, "what": "run", "message": "no login"}, PLAIN),
    "a message that was taken": ({"event": "alert", "ok": True, "channel": "mail", "kind": "opened", "try": 1}, DIM),
    "one that was not": ({"event": "alert", "ok": False, "channel": "mail", "kind": "opened", "try": 1,
                          "error": "denied", "message": "mail: no"}, BAD),
    "nothing to do": ({"event": "sync", "ok": True, "did": "nothing", "why": "same"}, DIM),
}


def in_colour(world, *argv):
    with Person(world, *argv, env={"TERM": "xterm"}) as person:
        assert person.ends() == 0, person.screen
        return person.screen


def test_the_tones_of_the_log(world):
    put_log(world, *(event for event, _ in TONES.values()))
    lines = in_colour(world, "credrelay", "log", "-n", "100").splitlines()
    assert len(lines) == len(TONES)
    for (what, (event, tone)), line in zip(TONES.items(), lines):
        head = f"{event['event']:<8} claude   "
        words = line.split(head, 1)[1]
        assert words.startswith(tone) if tone else not words.startswith("\x1b"), (what, line)
        assert line.endswith("\x1b[0m") == bool(tone), (what, line)


def test_the_tones_of_the_history(world, store):
    join(world, store)
    for n in (1, 2):
        world.write_login(made_up(n))
        assert world.run("credrelay", "publish").status == 0
    store.put('{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"scopes":[]}}')
    newest, here, first = in_colour(world, "credrelay", "history").splitlines()[1:]
    assert newest.endswith(f"{BAD}blank\x1b[0m")
    assert f"{fingerprint(token(2))}  {GOOD}expires in " in here and here.endswith("here\x1b[0m")
    assert f"{fingerprint(token(1))}  expires in " in first and "\x1b" not in first
    state = world.state / "claude.json"
    full = hashlib.sha256(token(1).encode()).hexdigest()
    state.write_text(json.dumps({**json.loads(state.read_text()), "rejected": [{"login": full, "at": now()}]}))
    first = in_colour(world, "credrelay", "history").splitlines()[3]
    assert f"{fingerprint(token(1))}  {BAD}expires in " in first and first.endswith("; refused here\x1b[0m")


LETTERS = {  # the locale, and the terminal: whether the chart has letters beyond ASCII
    "utf8": ({"LC_ALL": "de_DE.utf8"}, True),
    "UTF-8, by the last that says it": ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "C.UTF-8"}, True),
    "another": ({"LC_ALL": "de_DE.ISO-8859-1"}, False),
    "none": ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, False),
    "no point in it": ({"LC_ALL": "C"}, False),
    "a dumb terminal": ({"LC_ALL": "C.UTF-8", "TERM": "dumb"}, False),
}


@pytest.mark.parametrize("env, beyond", LETTERS.values(), ids=LETTERS)
def test_the_letters_of_a_chart(world, env, beyond):
    put_log(world, TONES["failed"][0])
    shown = world.run("credrelay", "log", "--stats", env=env)
    assert (shown.status, shown.err) == (0, "")
    assert (not shown.out.isascii()) == beyond, shown.out


# -- answers of a store ----------------------------------------------------------------------------


def odd_store(world, *versions):
    """A store with a history of VERSIONS, (by, modified, login), the newest first."""
    rows = [{"version": len(versions) - i, "by": by, "modified": at, "value": json.dumps(login)}
            for i, (by, at, login) in enumerate(versions)]
    (world.home / "history").write_text(json.dumps({"ok": True, "versions": rows}) + "\n")
    (world.home / "newest").write_text(json.dumps({"ok": True, **rows[0]}) + "\n")
    world.program("credrelay-store-odd", """#!/bin/sh
IFS= read -r line
case $line in
*renewable*) echo '{"ok":false,"error":"not_found","message":"none"}' ;;
*'"op":"history"'*) cat "$HOME/history" ;;
*) cat "$HOME/newest" ;;
esac
""")
    world.configure("[claude]\nrole = reader\nstore = odd:\n")


def test_a_history_that_says_little(world):
    odd_store(world, ("", 0, made_up(3, expires_in=2 * 86400)), ("team/", now(), made_up(2, expires_in=-90_000)),
              ("team/mac-1", now(), made_up(1)))
    shown = world.run("credrelay", "history")
    assert (shown.status, shown.err) == (0, ""), shown
    third, second, first = shown.out.splitlines()[1:]
    assert "  ?  " in third and third.endswith("expires in 1 d 23 h")
    assert "  team/  " in second and second.endswith("expired 1 d 1 h ago")
    assert "  mac-1  " in first
    third, second, first = world.run("credrelay", "history", "--json").json["versions"]
    assert (third["by"], "modified" in third, second["by"]) == (None, False, "team/")
    assert second["login"]["expired"] is True


def test_names_that_a_terminal_would_obey(world):
    """Who put a login, and who renews it, is what others wrote into the store."""
    name = "a\x1b[2J\u009bb\n\u202e"
    odd_store(world, (name, now(), made_up(1)), ("Zürich-" + "ü" * 20, now(), made_up(2)))
    shown = world.run("credrelay", "history")
    first, second = shown.out.splitlines()[1:]
    assert "  a?[2J?b??             " in first
    assert "  Zürich-üüüüüüüüüüüüü  " in second
    assert "by a?[2J?b??\n" in world.run("credrelay", "status").out
    odd = world.run("credrelay", "status", "--json", env={"CREDRELAY_MACHINE": "mac\x1b[2J"})
    assert odd.json["relays"][0]["machine"] == "mac?[2J"


OPAQUE = {"tokens": {"id_token": "id-TEST", "access_token": "opaque-TEST", "refresh_token": "rt-TEST"},
          "last_refresh": "2026-11-23T20:12:56.123Z"}


def test_a_login_that_is_not_known_to_expire(world):
    """Codex's token may not say it: then nobody waits for an end."""
    odd_store(world, ("mac-1", now(), OPAQUE))
    world.configure("[codex]\ntool = codex\nrole = reader\nstore = odd:\n")
    name = fingerprint("opaque-TEST")
    assert world.run("credrelay", "history").out.splitlines()[1].endswith(f"{name}  usable")
    version, = world.run("credrelay", "history", "--json").json["versions"]
    assert "expires_at" not in version["login"] and version["login"]["expired"] is False
    would = world.run("credrelay", "pull", "--dry-run")
    assert (would.status, would.out) == (
        0, f"would pull it: there is no usable login here (login {name}; odd: version 1)\n")


def test_nothing_to_renew(world):
    world.configure("[codex]\ntool = codex\nstore = local:\n")
    auth = world.home / ".codex" / "auth.json"
    auth.parent.mkdir(mode=0o700)
    auth.write_text(json.dumps(OPAQUE))
    auth.chmod(0o600)
    world.program("codex", "#!/bin/sh\necho nobody should run it; exit 1\n")
    assert world.run("credrelay", "publish").status == 0
    renewed = world.run("credrelay", "renew")
    assert (renewed.status, renewed.err) == (0, ""), renewed
    assert renewed.out.startswith("nothing to do: it is not known to expire (login ")
    told = world.run("credrelay", "renew", "--json").json
    assert (told["did"], "due_at" in told) == ("not_due", False)


def test_a_helper_that_rings_a_bell(world):
    """Its words go to a terminal: control characters do not."""
    odd_store(world, ("mac-1", now(), made_up(1)))
    script = world.bin / "credrelay-store-odd"
    script.write_text(script.read_text().replace("#!/bin/sh\n", "#!/bin/sh\nprintf 'a\\a\\177b\\n' >&2\n"))
    told = world.run("credrelay", "pull", "--dry-run", "-v")
    assert told.status == 0 and told.err.startswith("a??b\n"), told


# -- status and metrics ----------------------------------------------------------------------------


def test_the_worst_relay_counts_wherever_it_stands(world, store):
    world.configure(f"[work]\ntool = codex\nstore = {store.url}\n[claude]\nstore = {store.url}\n")
    world.write_login(made_up(1))
    since = now() - 7_200_000
    with watching(world, claude={"synced_at": now() - 12_000, "holder": ""}):
        both = world.run("credrelay", "status", "--json").json
        assert [r["exit_status"] for r in both["relays"]] == [1, 2] and both["exit_status"] == 1
        watcher = both["relays"][1]["watcher"]
        assert watcher["running"] is True and watcher["since"] <= since + 60_000
        metrics = world.run("credrelay", "log", "--prometheus", "-").out.splitlines()
    assert "credrelay_watcher_up 1" in metrics
    assert "credrelay_watcher_up 0" in world.run("credrelay", "log", "--prometheus", "-").out.splitlines()


FULL = ": No space left on device"
ROOM = "\n  make room where the output goes: df -h"
UNHEARD = {  # a command: what is said on standard error when its output does not go out
    **{command: f"{command.split()[0]}: cannot write{FULL}{ROOM}" for command in (
        "log", "log --stats", "log --prometheus -", "log --json", "version", "version --json", "help",
        "alert", "alert --json", "history", "history --json", "pull --help", "service print")},
    "help --json": "help: cannot write all of it"  # it is more than is kept back
                   "\n  see whether there is room where the output goes: df -h",
    "aws policy reader --account 123456789012": f"aws policy: cannot write{FULL}{ROOM}",
    "aws template terraform": f"aws template: cannot write{FULL}{ROOM}",
    "aws template --help": f"aws template: cannot write{FULL}{ROOM}",
    "invite reader --no-seal": f"invite: the invitation could not be written{FULL}",
}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", UNHEARD)
def test_output_that_goes_nowhere(world, command):
    """A full disk under the output is told, and is no success."""
    odd_store(world, ("mac-1", now(), made_up(1)))
    if command.split()[0] in ("invite", "aws"):
        world.configure("[claude]\nrole = reader\nstore = ssm://us-west-2/claude/oauth\nreader-profile = r\n"
                        "kms-key-id = alias/claude\n")
    world.write_aws_profiles(r=("AKIATEST1", "secret-TEST"))
    put_log(world, TONES["failed"][0])
    with open("/dev/full", "wb") as full:
        process = world.start("credrelay", *command.split(), stdout=full)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (74, f"credrelay: {UNHEARD[command]}\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_failure_keeps_its_status_though_nobody_hears_of_it(world):
    with open("/dev/full", "wb") as full:
        process = world.start("credrelay", "status", "-r", "none", "--json", stdout=full)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (64, f"credrelay: status: cannot write{FULL}{ROOM}\n")


@pytest.mark.parametrize("much", ["", "x" * 20_000], ids=["a line", "more than is kept back"])
@pytest.mark.parametrize("dies, status, said", [(True, -signal.SIGPIPE, ""), (False, 74, ": Broken pipe")],
                         ids=["as others do", "for who ignores that"])
def test_a_reader_that_is_gone(world, dies, status, said, much):
    put_log(world, *[{"event": "run", "verdict": "lapsed", "exit_status": 78, "message": "x" * 200}] * (1 + len(much) // 200))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        process = world.start("credrelay", "log", "-n", "1000", stdout=pipe, restore_signals=False,
                              preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL if dies else signal.SIG_IGN))
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.decode()) == (status, said and f"credrelay: log: cannot write{said}\n")


IN_THE_WAY = [  # a folder in place of a file of the state: a command, what is said
    ("events.jsonl", "log", "log: {} is not a file"),
    ("events.jsonl", "log --stats", "log: {} is not a file"),
    ("events.jsonl", "log --prometheus -", "log: {} is not a file"),
    ("events.jsonl", "log --prometheus {home}/m.prom", "log: {} is not a file"),
    ("m.prom", "log --prometheus {state}/m.prom", "log: {} is a folder, not a file"),
    ("metrics.lock", "log --prometheus {home}/m.prom", "log: cannot open the lock {}: Is a directory"),
    ("claude.incident.json", "alert", "alert: {} is a folder, not a file"),
]


@pytest.mark.parametrize("name, command, said", IN_THE_WAY, ids=[f"{n} {c}" for n, c, _ in IN_THE_WAY])
def test_a_folder_in_a_files_place(world, name, command, said):
    (world.state / name).mkdir(parents=True)
    ran = world.run("credrelay", *command.format(home=world.home, state=world.state).split())
    assert ran.status not in (0, 1) and ran.out == "", ran
    assert ran.err.startswith("credrelay: " + said.format(world.state / name)), ran.err
    assert not (world.home / "m.prom").exists()


@pytest.mark.parametrize("name", ["watch.json", "claude.incident.json"])
def test_metrics_go_without_what_cannot_be_read(world, name):
    (world.state / name).mkdir(parents=True)
    shown = world.run("credrelay", "log", "--prometheus", "-")
    assert (shown.status, shown.err) == (0, "")
    assert "credrelay_watcher_up 0\n" in shown.out and 'incident_open{relay="claude"} 0\n' in shown.out


def test_metrics_without_a_place_for_a_lock(world):
    (world.home / "file").touch()
    ran = world.run("credrelay", "log", "--prometheus", world.home / "m.prom",
                    env={"XDG_STATE_HOME": str(world.home / "file")})
    assert ran.status != 0 and ran.out == "", ran
    assert ran.err.startswith(f"credrelay: log: cannot make folder {world.home}/file/credrelay: "), ran.err


@pytest.mark.parametrize("argv", [["log"], ["log", "--stats"], ["log", "--prometheus", "-"], ["alert", "send"]],
                         ids=" ".join)
def test_a_home_of_too_long_a_name(world, argv):
    ran = world.run("credrelay", *argv, env={"XDG_STATE_HOME": "/" + "x" * 4090})
    assert ran.status != 0 and ran.out == "", ran
    assert "...: File name too long\n" in ran.err


def test_an_invitation_without_a_word(world):
    """Into a pipe it goes open, which is said, but for --quiet."""
    world.configure("[claude]\nrole = reader\nstore = ssm://us-west-2/claude/oauth\nreader-profile = r\n")
    world.write_aws_profiles(r=("AKIATEST1", "secret-TEST"))
    invited = world.run("credrelay", "invite", "reader")
    assert invited.status == 0 and invited.err.startswith("credrelay: not sealed, since it goes into a pipe: ")
    quiet = world.run("credrelay", "invite", "reader", "--quiet")
    assert (quiet.status, quiet.err) == (0, "") and quiet.out.count("\n") == 1


# -- alerts ----------------------------------------------------------------------------------------


def put_books(owner, pending=False, **more):
    """Books of an incident of the watcher's that has no remedy and was told."""
    at = now() - 3_600_000
    books = {"v": 1, "incident": {
        "since": at, "runs": 0, "told_at": at,
        "causes": {"watch": {"since": at, "last": at, "why": "the store is gone", "hint": ""}}}, "outbox": [], **more}
    if pending:
        books["outbox"].append({"id": "00112233aabbccdd", "kind": "over", "what": "watch", "at": now(), "since": at,
                                "why": "x", "hint": "", "to": {"command": {"tries": 1, "next_at": now() + 3_600_000}}})
    owner.world.state.mkdir(parents=True, exist_ok=True)
    owner.books().write_text(json.dumps(books))


def test_trouble_without_a_remedy(owner):
    owner.configure("command = true")
    put_books(owner, sent_at=now() - 60_000)
    shown = owner.world.run("credrelay", "alert")
    lines = shown.out.splitlines()
    assert lines[0] == "claude on machine-1 is in trouble: the store is gone"
    assert lines[1].startswith("since      1 h 0 min") and lines[2] == "channels   command"
    assert lines[3].startswith("sent       1 min") and len(lines) == 4
    assert owner.world.run("credrelay", "log", "--prometheus", "-").out.count('incident_open{relay="claude"} 1') == 1


def test_quiet_but_for_what_is_wrong(owner):
    owner.configure("command = true")
    assert owner.world.run("credrelay", "alert", "-q").out == ""
    put_books(owner, pending=True, incident={})
    assert owner.world.run("credrelay", "alert", "-q").out.splitlines() == [
        "claude on machine-1: nothing is wrong", "channels   command", "pending    1 to be sent: credrelay alert send"]
    sent = owner.world.run("credrelay", "alert", "send")
    assert (sent.status, sent.out, sent.err) == (0, "nothing is due yet\n", "")
    assert owner.world.run("credrelay", "alert", "send", "-q").out == ""


def test_settings_that_are_no_good_send_nothing(owner):
    owner.configure("mail = x")
    sent = owner.world.run("credrelay", "alert", "send")
    path = owner.world.home / ".config/credrelay/credrelay.conf"
    assert (sent.status, sent.out) == (65, "")
    assert sent.err.splitlines()[0] == f"credrelay: alert send: {path}:6: mail = x is not valid"


def test_a_failure_that_nothing_mends(owner, fault_server):
    server = fault_server("empty")
    owner.configure(f"webhook = {server.url}/x")
    tried = owner.world.run("credrelay", "alert", "test")
    assert (tried.status, tried.out) == (69, "")
    assert tried.err == ("credrelay: alert: webhook: " + server.url.removeprefix("http://") +
                         " closed the connection before it had answered\n")
