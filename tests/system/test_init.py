"""A machine set up by init: from flags, from answers at a terminal, and in the place of the older
set-up."""
import json
import re

import pytest

from harness.invitations import service_manager, unit
from harness.person import Person
from harness.relay import fingerprint, snapshot
from harness.watch import Watcher

WRITER = """[claude]
tool = claude
role = writer
store = {store}
reader-profile = claude-creds-reader
writer-profile = claude-creds-writer
"""
READER = """[claude]
tool = claude
role = reader
store = {store}
reader-profile = claude-creds-reader
"""
STORE = "ssm://us-west-2/claude/oauth/credentials"
TOKEN = "sk-ant-oat01-TEST-1"


def config_of(world):
    return world.home / ".config" / "credrelay" / "credrelay.conf"


@pytest.fixture
def machine(world):
    """One with a client and a service manager of its own, and nothing of ours.  AWS is nowhere: what
    init proposes is its real address."""
    world.install_client()
    service_manager(world)
    world.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    return world


def profiles(world, *roles):
    world.write_aws_profiles(**{f"claude_creds_{r}": (f"AKIATEST{r.upper()}", "made-up") for r in roles})


def ends(result):
    """[(step, how it ended)] of what it did; what is found and advised is not that."""
    return [(s["step"], s["end"]) for s in result.json["steps"]
            if s["step"] not in ("found", "check") and (s["step"], s["end"]) != ("service", "left")]


def lines(result):
    """What it says, without what doctor adds."""
    return [line for line in result.out.splitlines() if not line.startswith("check  ")]


def test_a_watcher_by_hand_keeps_the_service_out(machine):
    with Watcher(machine) as watcher:
        refused = machine.run("credrelay", "init", "--yes", "--store", "local:")
        assert refused.status == 75 and not unit(machine).exists(), refused
        assert refused.err == (f"credrelay: init: a watcher that is not the service's runs (pid {watcher.pid})\n"
                               f"  end it first: kill {watcher.pid}\n")
    assert machine.run("credrelay", "init", "--yes").status == 0
    assert unit(machine).exists()


# -- from flags ----------------------------------------------------------------------------------

SET_UPS = {  # what is found, the flags, the configuration
    "nothing": ([], False, [], "[claude]\ntool = claude\nrole = writer\nstore = local:\n"),
    "the fleet's writer": (["reader", "writer"], True, [], WRITER.format(store=STORE)),
    "the fleet's reader": (["reader"], False, [], READER.format(store=STORE)),
    "all said": (
        ["reader"], False,
        ["--role", "writer", "--store", "ssm://eu-west-1/x", "--reader-profile", "r",
         "--writer-profile", "w", "--kms-key-id", "alias/k"],
        "[claude]\ntool = claude\nrole = writer\nstore = ssm://eu-west-1/x\nreader-profile = r\n"
        "writer-profile = w\nkms-key-id = alias/k\n"),
    "another name": ([], False, ["--relay", "work"],
                     "[work]\ntool = claude\nrole = writer\nstore = local:\n"),
    "another tool": ([], False, ["--tool", "codex"],
                     "[codex]\ntool = codex\nrole = writer\nstore = local:\n"),
}


@pytest.mark.parametrize("roles, logged_in, flags, configuration", SET_UPS.values(), ids=SET_UPS)
def test_the_configuration_it_writes(machine, roles, logged_in, flags, configuration):
    if roles:
        profiles(machine, *roles)
    if logged_in:
        machine.write_login()
    result = machine.run("credrelay", "init", *flags)
    assert (result.status, result.err) == (0, ""), result
    assert config_of(machine).read_text() == configuration
    assert config_of(machine).stat().st_mode & 0o777 == 0o600
    assert config_of(machine).parent.stat().st_mode & 0o777 == 0o700
    assert unit(machine).exists()
    # Again: nothing to do.
    before = snapshot(machine.home / ".config")
    again = machine.run("credrelay", "init", "--json", *flags)
    assert (again.status, again.err) == (0, ""), again
    assert ends(again) == [("configuration", "there"), ("service", "there")]
    assert snapshot(machine.home / ".config") == before


def test_what_it_says(machine):
    profiles(machine, "reader", "writer")
    machine.write_login(access=TOKEN)
    result = machine.run("credrelay", "init", "--no-service")
    assert lines(result) == [
        f"found          a login of Claude Code: {fingerprint(TOKEN)}",
        f"found          the client {machine.bin}/claude",
        "found          AWS profiles claude-creds-reader, claude-creds-writer",
        f"configuration  [claude] in {config_of(machine)}: written"], result
    assert "\ncheck          warn service: not installed" in result.out
    assert not unit(machine).exists()


def test_what_is_missing_is_said(world):
    service_manager(world, answers=False)
    result = world.run("credrelay", "init")
    assert (result.status, result.err) == (0, ""), result
    assert result.out.startswith(
        "found          no login of Claude Code that works (absent): claude /login\n"
        "found          no client: claude: command not found\n"), result
    assert "\nservice        none here: " in result.out


def test_a_region_of_the_environment(machine):
    profiles(machine, "reader")
    assert machine.run("credrelay", "init", env={"AWS_REGION": "eu-west-1"}).status == 0
    assert "store = ssm://eu-west-1/claude/oauth/credentials\n" in config_of(machine).read_text()


def test_a_dry_run_writes_nothing(machine):
    before = snapshot(machine.home)
    result = machine.run("credrelay", "init", "--dry-run", "--json")
    assert (result.status, result.err) == (0, ""), result
    assert ends(result) == [("configuration", "would"), ("service", "would")]
    (machine.home / "systemctl.calls").unlink()
    assert snapshot(machine.home) == before


def test_the_json(machine):
    said = machine.run("credrelay", "init", "--json", "--store", "local:/x").json
    assert {k: v for k, v in said.items() if k != "steps"} == {
        "ok": True, "command": "init", "dry_run": False, "relay": "claude", "role": "writer",
        "store": "local:/x", "exit_status": 0}


OTHERS = "# mine\r\n[work]\r\ntool = codex ; not a comment\r\n\r\n[alert]\r\nmail = me\r\n"


def test_what_else_is_in_the_file_stays(machine):
    config_of(machine).parent.mkdir(parents=True)
    config_of(machine).write_bytes(OTHERS.replace(" ; not a comment", "").encode())
    assert machine.run("credrelay", "init").status == 0
    assert config_of(machine).read_bytes() == (
        OTHERS.replace(" ; not a comment", "") +
        "\r\n[claude]\r\ntool = claude\r\nrole = writer\r\nstore = local:\r\n").encode()


def test_what_it_did_not_write_it_leaves(machine):
    machine.configure("[claude]\nrole = reader\nretry = never\n")
    before = snapshot(machine.home / ".config")
    assert machine.run("credrelay", "init", "--no-service").status == 0
    result = machine.run("credrelay", "init", "--role", "writer")
    assert (result.status, result.err) == (
        65, f"credrelay: init: [claude] in {config_of(machine)} says role = reader, not writer\n"
            "  change it there, or begin another relay: credrelay init --relay NAME\n"), result
    assert snapshot(machine.home / ".config") == before
    assert not unit(machine).exists()


def test_the_section_of_the_tool_is_the_one(machine):
    """Whatever it is called."""
    machine.configure("[personal]\nrole = reader\n")
    result = machine.run("credrelay", "init", "--no-service", "--json")
    assert (result.json["relay"], ends(result)) == ("personal", [("configuration", "there")])


MISTAKES = {
    "a role": (["--role", "king"], 64, "the command line: role = king is not valid",
               "role takes reader|writer"),
    "a tool": (["--tool", "lamp"], 64, "there is no tool called 'lamp'", None),
    "a name": (["--relay", "../x"], 64, "'../x' is no name for a relay",
               "use letters, digits, dots and dashes, at most 63"),
    "a name of the state's": (["--relay", "x.incident"], 64, "'x.incident' is no name for a relay",
                              "call it otherwise: a relay with a shorter name keeps its own state under that name"),
    "alert is no relay": (["--relay", "alert"], 64, "'alert' is no name for a relay",
                          "call it otherwise: [alert], which says who is told, keeps its own state under that name"),
    "a store without a helper": (["--store", "nosuch:"], 69, "no helper for 'nosuch:' stores", None),
    "two lines": (["--store", "local:\n[alert]"], 64,
                  "the command line: the store has characters that a setting cannot have",
                  "give it on one line, without blanks around it"),
}


@pytest.mark.parametrize("flags, status, message, hint", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(machine, flags, status, message, hint):
    result = machine.run("credrelay", "init", *flags)
    assert result.status == status and result.err.startswith(f"credrelay: init: {message}\n"), result
    assert hint is None or result.err == f"credrelay: init: {message}\n  {hint}\n"
    assert not config_of(machine).exists()


def test_a_name_that_differs_in_case_only(machine):
    """Written, it would keep every relay from being loaded."""
    machine.configure("[claude]\n")
    result = machine.run("credrelay", "init", "--no-service", "--relay", "Claude")
    assert (result.status, result.err) == (
        65, f"credrelay: init: {config_of(machine)}: relay Claude would share its files with relay claude\n"
            "  call one of them otherwise: file systems may take Claude and claude for one name\n"), result
    assert config_of(machine).read_text() == "[claude]\n"


# -- at a terminal -------------------------------------------------------------------------------


def test_enter_takes_what_is_proposed(machine):
    profiles(machine, "reader", "writer")
    machine.write_login()
    with Person(machine, "credrelay", "init") as person:
        for question in (r"Role of this machine, reader or writer \[writer\]: ",
                         rf"Store, ssm://REGION/NAME or local: \[{STORE}\]: ",
                         r"AWS profile of the readers' key \[claude-creds-reader\]: ",
                         r"AWS profile of the writers' key \[claude-creds-writer\]: ",
                         r"Install the watcher as a service\? \[yes\]: "):
            person.sees(question)
            person.types("\n")
        person.sees(r"would be written\n(?s:.*)Go on\? \[yes\]: ")
        assert not config_of(machine).exists()
        person.types("\n")
        assert person.ends() == 0, person.screen
    assert config_of(machine).read_text() == WRITER.format(store=STORE)
    # Again: nothing is asked.
    with Person(machine, "credrelay", "init") as person:
        assert person.ends() == 0
        assert "?" not in person.screen and "there already" in person.screen


def test_answers(machine):
    with Person(machine, "credrelay", "init", "--no-service") as person:  # nor is it asked for
        person.sees(r"reader or writer \[writer\]: ")
        person.types("king\n")
        person.sees(r"the answer: role = king is not valid\n(?s:.*)reader or writer \[writer\]: ")
        person.types("  reader \n")
        person.sees(r"local: \[local:\]: ")
        person.types("nosuch:\n")
        person.sees(r"no helper for 'nosuch:' stores\n(?s:.*)local: \[local:\]: $")
        person.types("ssm://eu-west-1/n\n")
        person.sees(r"readers' key \[none\]: ")
        person.types("mine\n")
        person.sees(r"Go on\? \[yes\]: ")
        person.types("y\n")
        assert person.ends() == 0, person.screen
    assert config_of(machine).read_text() == (
        "[claude]\ntool = claude\nrole = reader\nstore = ssm://eu-west-1/n\nreader-profile = mine\n")


@pytest.mark.parametrize("answer, status", [("no\n", 0), ("n\n", 0), ("\x04", 64),
                                            ("perhaps\nperhaps\nperhaps\n", 64)])
def test_no_is_no(machine, answer, status):
    before = snapshot(machine.home)
    with Person(machine, "credrelay", "init", "--store", "local:", "--role", "writer") as person:
        person.sees(r"as a service\? \[yes\]: $")
        person.types("\n")
        person.sees(r"Go on\? \[yes\]: $")
        person.types(answer)
        assert person.ends() == status, person.screen
    (machine.home / "systemctl.calls").unlink()
    assert snapshot(machine.home) == before


def test_the_service_is_offered(machine):
    with Person(machine, "credrelay", "init", "--store", "local:", "--role", "writer") as person:
        person.sees(r"as a service\? \[yes\]: $")
        person.types("no\n")
        person.sees(r"Go on\? \[yes\]: $")
        person.types("\n")
        assert person.ends() == 0, person.screen
    assert config_of(machine).exists() and not unit(machine).exists()


def test_three_answers_that_are_none(machine):
    with Person(machine, "credrelay", "init") as person:
        for _ in range(3):
            person.sees_again(r"\]: $")
            person.types("king\n")
        assert person.ends() == 65
    assert not config_of(machine).exists()


def test_yes_asks_nothing(machine):
    with Person(machine, "credrelay", "init", "--yes") as person:
        assert person.ends() == 0
    assert config_of(machine).exists()


# -- the older set-up ----------------------------------------------------------------------------


@pytest.fixture
def older(machines, parameter_store, api):
    """A writer of the older set-up: the full login in one parameter, a LaunchAgent that publishes,
    a snapshot in a secrets.json."""
    (writer,) = machines("mac-1")
    writer.install_client(api)
    service_manager(writer)
    writer.write_aws_profiles(**parameter_store.profiles())
    full = writer.human_login(api)
    parameter_store.put({"claudeAiOauth": full})
    agent = writer.home / "Library" / "LaunchAgents" / "com.cc.claude-creds-publisher.plist"
    agent.parent.mkdir(parents=True)
    agent.write_text("<plist/>")
    (writer.home / "secrets.json").write_text(json.dumps(
        {"env": {"KEY": "x"}, "claude_credentials": json.dumps({"claudeAiOauth": full})}))
    return writer


def adopt(world, parameter_store, *flags, role="writer"):
    return world.run("credrelay", "init", "--adopt", "--role", role, "--store", parameter_store.url(),
                     *flags)


def test_adopting(older, parameter_store):
    agent = older.home / "Library" / "LaunchAgents" / "com.cc.claude-creds-publisher.plist"
    backup = agent.with_name(agent.name + ".credrelay-backup")
    secrets = (older.home / "secrets.json").read_bytes()
    full = older.read_login()["claudeAiOauth"]
    url = parameter_store.url()
    mark = fingerprint(full["accessToken"])

    before = snapshot(older.home)
    plan = adopt(older, parameter_store, "--dry-run")
    assert (plan.status, plan.err) == (0, ""), plan
    assert lines(plan)[-3:] == [
        f"publisher      {agent}: would be stopped, and kept as "
        "com.cc.claude-creds-publisher.plist.credrelay-backup",
        f"snapshot       {older.home}/secrets.json: claude_credentials holds a login ({mark}); it is "
        "left: take it out once nothing reads it",
        f"parameter      {url} holds the full login: would become two values; version 1 stays in the "
        "history"]
    (older.home / "systemctl.calls").unlink()
    assert snapshot(older.home) == before and len(parameter_store.history()) == 1

    done = adopt(older, parameter_store)
    assert (done.status, done.err) == (0, ""), done
    assert [re.sub(r", expires in .*", "", line) for line in lines(done)[-4:]] == [
        f"publisher      com.cc.claude-creds-publisher: stopped, and kept as {backup}",
        f"snapshot       {older.home}/secrets.json: claude_credentials holds a login ({mark}); it is "
        "left: take it out once nothing reads it",
        f"login          published: {mark}",
        f"parameter      {url}: without the refresh token now; version 1, with it, is in the history"]
    assert backup.read_text() == "<plist/>" and not agent.exists()
    assert (older.home / "secrets.json").read_bytes() == secrets
    assert '"refreshToken"' not in parameter_store.get()["value"]
    assert json.loads(parameter_store.get(parameter_store.path + ".renewable")["value"]) == {
        "holder": "mac-1", "login": {"claudeAiOauth": full}}
    assert '"refreshToken"' in parameter_store.history()[0]["value"]  # the backup
    assert older.read_login()["claudeAiOauth"] == full

    again = adopt(older, parameter_store, "--json")
    assert ends(again) == [("configuration", "there"), ("service", "there"), ("publisher", "there"),
                           ("snapshot", "left"), ("parameter", "there")]
    assert len(parameter_store.history()) == 2


def test_a_reader_adopts_what_is_its_own(older, parameter_store):
    result = adopt(older, parameter_store, "--json", role="reader")
    assert result.status == 0, result
    assert ends(result)[2:] == [("publisher", "done"), ("snapshot", "left"), ("parameter", "left")]
    (parameter,) = [s["text"] for s in result.json["steps"] if s["step"] == "parameter"]
    assert parameter == (
        f"{parameter_store.url()} holds the full login: a writer makes two values of it: "
        "credrelay init --adopt there")
    assert len(parameter_store.history()) == 1


def test_nothing_takes_its_place(older, parameter_store):
    """Then the old publisher goes on."""
    agent = older.home / "Library" / "LaunchAgents" / "com.cc.claude-creds-publisher.plist"
    result = adopt(older, parameter_store, "--no-service")
    assert f"publisher      {agent}: stays, since no service takes its place\n" in result.out
    assert agent.exists()
    service_manager(older, answers=False)
    assert f"{agent}: stays" in adopt(older, parameter_store).out


def test_a_writer_that_has_lost_its_login(older, parameter_store):
    older.login_path.unlink()
    result = adopt(older, parameter_store)
    assert result.status == 0, result
    assert lines(result)[-1] == (
        f"parameter      {parameter_store.url()} holds the full login; the machine that has this "
        "login makes two values of it: credrelay sync there")
    assert "refreshToken" not in older.read_login()["claudeAiOauth"]


def test_a_store_that_does_not_answer(older, parameter_store):
    parameter_store.faults([{"action": "GetParameter", "times": 50, "status": 400,
                             "type": "AccessDeniedException", "message": "no"}])
    result = adopt(older, parameter_store)
    assert result.status == 77, result
    assert "GetParameter: access denied" in result.err
    assert config_of(older).exists()


def test_nothing_to_adopt(machine):
    result = machine.run("credrelay", "init", "--adopt", "--json")
    assert result.status == 0, result
    assert ends(result) == [("configuration", "done"), ("service", "done"), ("publisher", "there"),
                            ("snapshot", "there"), ("parameter", "there")]


def test_launchd_is_told(older, parameter_store):
    older.program("launchctl", '#!/bin/sh\necho "$*" >>"$HOME/launchctl.calls"\necho no >&2\nexit 3\n')
    assert adopt(older, parameter_store).status == 0
    calls = (older.home / "launchctl.calls").read_text()
    assert re.fullmatch(r"bootout gui/\d+/com\.cc\.claude-creds-publisher\n", calls)


def test_the_shared_value_of_a_plain_layout_is_no_older_set_up(older, parameter_store):
    older.configure(WRITER.format(store=parameter_store.url()) + "share-refresh-token = yes\n")
    result = older.run("credrelay", "init", "--adopt", "--json")
    assert ends(result)[-1] == ("parameter", "there"), result
    assert len(parameter_store.history()) == 1
