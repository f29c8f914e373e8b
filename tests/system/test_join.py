"""A new machine by an invitation: from an empty home to a claude-p that heals itself."""
import json
import re
import shutil

import pytest

from harness.invitations import FORMAT, content_of, line_of, open_line, service_manager, unit
from harness.relay import snapshot
from harness.rights import obey_permissions

RECOVERED = ("[claude-p] auth lapsed; pulled fresh credentials from Parameter Store, "
             "retrying once.\n")
OPEN_NOTE = ("credrelay: not sealed, since it goes into a pipe: who reads it has the key\n"
             "  to paste it somewhere: credrelay invite {} --seal\n")
CONFIG = """[claude]
tool = claude
role = {role}
store = {store}
reader-profile = claude-creds-reader
"""
WRITERS = "writer-profile = claude-creds-writer\n"


def config_of(world):
    return world.home / ".config" / "credrelay" / "credrelay.conf"


def keys_of(world):
    return world.home / ".aws" / "credentials"


def written(machine, parameter_store, role):
    """What join writes."""
    profiles = parameter_store.profiles()
    text = CONFIG.format(role=role, store=parameter_store.url())
    keys = "[claude-creds-reader]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(
        *profiles["claude_creds_reader"])
    if role == "writer":
        text += WRITERS
        keys += "\n[claude-creds-writer]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(
            *profiles["claude_creds_writer"])
    return text, keys


def ends(result):
    """{(step, how it ended)}, without what is only advised: here no watcher runs, and nobody is told."""
    return {(s["step"], s["end"]) for s in result.json["steps"]} - {("service", "left"), ("check", "left")}


@pytest.fixture
def fleet(machines, parameter_store, api):
    """(writer, new): the writer has logged in and published; the new machine has its client and
    nothing else."""
    writer, new = machines("mac-1", "new-1")
    writer.write_aws_profiles(**parameter_store.profiles())
    writer.configure(CONFIG.format(role="writer", store=parameter_store.url()) + WRITERS)
    writer.human_login(api)
    assert writer.run("credrelay", "publish", env={"CREDRELAY_TIMEOUT": "5min"}).status == 0
    for machine in (writer, new):
        machine.install_client(api)
        service_manager(machine)
    return writer, new


# -- the main job --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_from_an_empty_machine_to_a_healed_run(fleet, parameter_store, api, role):
    writer, new = fleet
    invited = writer.run("credrelay", "invite", role)
    assert (invited.status, invited.err) == (0, OPEN_NOTE.format(role)), invited
    joined = new.run("credrelay", "join", input=invited.out)
    assert (joined.status, joined.err) == (0, ""), joined
    config, keys = written(new, parameter_store, role)
    assert (config_of(new).read_text(), keys_of(new).read_text()) == (config, keys)
    for path, mode in ((config_of(new), 0o600), (config_of(new).parent, 0o700),
                       (keys_of(new), 0o600), (keys_of(new).parent, 0o700)):
        assert path.stat().st_mode & 0o777 == mode, path
    assert new.access_token() == writer.access_token()
    assert "credrelay" in unit(new).read_text() and "watch" in unit(new).read_text()

    # The login works, and once it lapses it heals.
    answer = new.run("claude-p", "reply with single word ok")
    assert (answer.status, answer.out, answer.err) == (0, "ok\n", ""), answer
    old = writer.access_token()
    writer.human_login(api)
    api.revoke(old)
    assert writer.run("credrelay", "publish").status == 0
    answer = new.run("claude-p", "reply with single word ok")
    assert (answer.status, answer.out, answer.err) == (0, "ok\n", RECOVERED), answer

    # And each can do what its role may.
    new.human_login(api)
    published = new.run("credrelay", "publish")
    assert published.status == (0 if role == "writer" else 77), published


def test_what_join_says(fleet, parameter_store):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    said = new.run("credrelay", "join", input=line)
    login = new.run("credrelay", "pull", "--json").json["local"]["fingerprint"]
    assert re.sub(r"7 h \d+ min", "7 h N min", re.sub("(service +it ends when you log out|check  ).*\n", "", said.out)) == (
        f"invitation     relay claude of {parameter_store.url()}, as a reader; from mac-1\n"
        f"keys           profile claude-creds-reader in {keys_of(new)}: written\n"
        f"configuration  [claude] in {config_of(new)}: written\n"
        f"login          pulled: {login}, expires in 7 h N min\n"
        f"service        credrelay-watch.service: installed and started\n"), said


def test_doctor_has_the_last_word(fleet):
    """What it finds is told, and no failure of what was done."""
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    said = new.run("credrelay", "join", input=line)
    assert said.status == 0, said
    assert "\ncheck          warn alerts: no channel is set up: nobody is told; set up [alert] in credrelay.conf" in said.out
    assert "FAIL" not in said.out
    (new.bin / "claude").unlink()
    said = new.run("credrelay", "join", input=line)
    assert said.status == 0, said
    assert "\ncheck          FAIL client: claude" in said.out


def test_the_line_of_the_manual(fleet):
    """credrelay invite reader | ssh new-host credrelay join: ssh gives no terminal, and another
    environment."""
    writer, new = fleet
    environment = " ".join(f"'{k}={v}'" for k, v in new.env.items())
    writer.program("ssh", f'#!/bin/sh\nhost=$1; shift\ncd "{new.home}" && '
                          f'exec setsid -w env -i {environment} sh -c "$*"\n')
    result = writer.run("sh", "-c", "credrelay invite reader | ssh new-host credrelay join")
    assert (result.status, result.err) == (0, OPEN_NOTE.format("reader")), result
    answer = new.run("claude-p", "reply with single word ok")
    assert (answer.status, answer.out, answer.err) == (0, "ok\n", ""), answer


def test_joining_again_changes_nothing(fleet):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "writer", "--no-seal").out
    assert new.run("credrelay", "join", input=line).status == 0
    before = snapshot(new.home / ".aws", new.home / ".config", new.home / ".claude")
    again = new.run("credrelay", "join", "--json", input=line)
    assert (again.status, again.err) == (0, ""), again
    assert ends(again) == {
        ("invitation", "there"), ("keys", "there"), ("configuration", "there"), ("login", "there"),
        ("service", "there")}
    assert snapshot(new.home / ".aws", new.home / ".config", new.home / ".claude") == before


def test_a_dry_run_writes_nothing(fleet):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    before = snapshot(new.home)
    result = new.run("credrelay", "join", "--dry-run", "--json", input=line)
    assert (result.status, result.err) == (0, ""), result
    assert ends(result) == {
        ("invitation", "there"), ("keys", "would"), ("configuration", "would"), ("login", "would"),
        ("service", "would")}
    (new.home / "systemctl.calls").unlink()
    assert snapshot(new.home) == before


def test_the_json_of_join(fleet, parameter_store):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    said = new.run("credrelay", "join", "--json", "--no-service", input=line).json
    assert {k: v for k, v in said.items() if k != "steps"} == {
        "ok": True, "command": "join", "dry_run": False, "relay": "claude", "role": "reader",
        "store": parameter_store.url(), "invited_by": "mac-1", "exit_status": 0}
    assert not unit(new).exists()


# -- other people's files ------------------------------------------------------------------------


def test_what_else_is_in_the_files_stays(fleet, parameter_store):
    writer, new = fleet
    new.configure("# mine\n[work]\nrole=reader\n\n[alert]\nmail = me\n")
    keys_of(new).parent.mkdir()
    keys_of(new).write_text("[default]\r\naws_access_key_id = AKIADEFAULT\r\n# note\r\n")
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    result = new.run("credrelay", "join", input=line)
    assert result.status == 0, result
    config, keys = written(new, parameter_store, "reader")
    assert config_of(new).read_text() == "# mine\n[work]\nrole=reader\n\n[alert]\nmail = me\n\n" + config
    assert keys_of(new).read_bytes() == (b"[default]\r\naws_access_key_id = AKIADEFAULT\r\n# note\r\n"
                                         b"\r\n" + keys.replace("\n", "\r\n").encode())


IN_THE_WAY = {
    "another role": (
        "[claude]\nrole = writer\nretry = never\n", None,
        "[claude] in {config} says role = writer, not reader"),
    "another store": (
        "[claude]\nrole = reader\nstore = local:\nretry = never\n", None,
        "[claude] in {config} says store = local:, not {store}"),
    "another key": (
        None, "[claude-creds-reader]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n",
        "profile claude-creds-reader in {keys} has another key (AKIAOTHER)"),
    "another secret": (
        None, "[claude-creds-reader]\naws_access_key_id = {id}\naws_secret_access_key = x\n",
        "profile claude-creds-reader in {keys} has another key ({id})"),
    "a role of AWS": (
        None, "[claude-creds-reader]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n",
        "profile claude-creds-reader in {keys} has another key (source_profile)"),
}


@pytest.mark.parametrize("config, keys, says", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_what_is_in_the_way(fleet, parameter_store, config, keys, says):
    writer, new = fleet
    key_id = parameter_store.profiles()["claude_creds_reader"][0]
    if config:
        new.configure(config)
    if keys:
        keys_of(new).parent.mkdir()
        keys_of(new).write_text(keys.format(id=key_id))
    before = snapshot(new.home)
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    result = new.run("credrelay", "join", input=line)
    says = says.format(config=config_of(new), keys=keys_of(new), store=parameter_store.url(), id=key_id)
    assert (result.status, result.err) == (
        65, f"credrelay: join: {says}\n  if that is to go: credrelay join --replace\n"), result
    assert snapshot(new.home) == before
    # A person says so.
    result = new.run("credrelay", "join", "--replace", input=line)
    assert (result.status, result.err) == (0, ""), result
    if config:
        assert "retry = never\n" in config_of(new).read_text()  # this machine's own
    assert new.run("credrelay", "pull", "--json").json["role"] == "reader"


def test_a_variable_that_goes_before_it_is_said(fleet):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    result = new.run("credrelay", "join", "--no-service", input=line,
                     env={"CREDRELAY_ROLE": "writer", "CREDRELAY_TOOL": "claude"})
    assert "configuration  CREDRELAY_ROLE=writer in the environment goes before it\n" in result.out
    assert "CREDRELAY_TOOL" not in result.out


# -- stopped half way ----------------------------------------------------------------------------


def test_the_keys_are_there_and_the_configuration_is_not(fleet):
    """A disk that refuses in between; the same line finishes it."""
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    config_of(new).parent.mkdir(parents=True)
    config_of(new).parent.chmod(0o500)
    result = new.run("credrelay", "join", input=line, preexec_fn=obey_permissions)
    config_of(new).parent.chmod(0o700)
    assert result.status == 77, result
    assert keys_of(new).exists() and not config_of(new).exists()
    result = new.run("credrelay", "join", input=line)
    assert (result.status, result.err) == (0, ""), result
    assert "claude-creds-reader in " + str(keys_of(new)) + ": there already" in result.out
    assert new.run("claude-p", "reply with single word ok").out == "ok\n"


def test_nobody_has_published_yet(fleet, parameter_store):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    parameter_store.delete()
    result = new.run("credrelay", "join", input=line)
    assert result.status == 75, result
    assert result.err == (
        "credrelay: join: set up, but there is no login yet: the store has no login yet\n"
        "  it comes when a writer publishes; on a writer: credrelay publish\n")
    assert config_of(new).exists() and unit(new).exists()


def test_no_service_manager(fleet):
    writer, new = fleet
    service_manager(new, answers=False)
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    result = new.run("credrelay", "join", input=line)
    assert (result.status, result.err) == (0, ""), result
    assert "\nservice        none here: " in result.out


# -- the key -------------------------------------------------------------------------------------


STAND_INS = re.compile("/client.jsonl|/systemctl[.]")  # what they note, for the tests


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace here")
def test_the_key_is_in_no_command_line_and_no_loose_file(fleet):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out
    secret = content_of(line)["keys"][0]["secret"]
    trace = new.home / "trace"
    result = new.run("strace", "-f", "-qq", "-s", "8192", "-o", trace, "-e",
                     "trace=execve,openat,open,creat,mkdir,mkdirat,chmod,fchmod", "credrelay", "join",
                     "--no-service", input=line, env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert result.status == 0, result
    calls = trace.read_text()
    ours = [c for c in calls.splitlines() if f'"{new.home}' in c and not STAND_INS.search(c)]
    made = [c for c in ours if "O_CREAT" in c]
    assert len(made) > 4 and [c for c in made if not re.search(r"0600\) +=", c)] == []
    folders = [c for c in ours if "mkdir" in c]
    assert folders and [c for c in folders if "0700) " not in c] == []
    assert "execve" in calls and secret not in calls and line.strip()[40:80] not in calls
    assert "chmod" not in calls
    trace.unlink()
    with_it = [p for p in new.home.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert with_it == [keys_of(new)]


# -- invitations that are no good ----------------------------------------------------------------

GOOD = open_line()
NOT_GOOD = {
    "nothing": ("", 65, "there is no invitation on standard input",
                "credrelay invite reader --no-seal | ssh THIS-MACHINE credrelay join"),
    "something else": ("hello\n", 65, "what was read is no invitation",
                       f"paste the line that credrelay invite prints; it begins with {FORMAT[:-1]}"),
    "cut": (GOOD[:200], 65, "the invitation is not whole: its end is missing",
            "copy the whole line, or make another: credrelay invite"),
    "cut at its very end": (GOOD[:-1], 65, "the invitation is not whole: its end is missing",
                            "copy the whole line, or make another: credrelay invite"),
    "altered": (GOOD[:100] + ("A" if GOOD[100] != "A" else "B") + GOOD[101:], 65,
                "the invitation was altered on its way: its checksum does not fit",
                "copy it again, or make another: credrelay invite"),
    "expired": (open_line(expires=1_000), 77, "the invitation expired {} ago",
                "make another on mac-1: credrelay invite reader"),
    "a later format": (line_of("credrelay-invitation-2.open", b"{}"), 69,
                       "the invitation is of a format that is not known here",
                       "upgrade credrelay on this machine"),
    "too much": ("x" * 20_000, 65, "the invitation is larger than 16384 bytes", None),
    "sealed, and nobody to ask": (
        line_of(f"{FORMAT}.sealed", b"x" * 100), 64,
        "the invitation is sealed, and there is no terminal to ask for the passphrase on",
        "ssh -t, or --passphrase-file FILE, or send one that is not sealed: "
        "credrelay invite reader --no-seal"),
}


@pytest.mark.parametrize("line, status, message, hint", NOT_GOOD.values(), ids=NOT_GOOD)
def test_invitations_that_are_no_good(world, line, status, message, hint):
    before = snapshot(world.home)
    result = world.run("credrelay", "join", input=line, start_new_session=True)
    assert result.status == status, result
    start, _, rest = message.partition("{}")
    assert result.err.startswith(f"credrelay: join: {start}"), result
    assert result.err.endswith(f"{rest}\n" + (f"  {hint}\n" if hint else "")), result
    assert result.err.count("\n") == (2 if hint else 1) and result.out == ""
    assert snapshot(world.home) == before


def test_a_line_that_mail_has_broken(fleet):
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader", "--no-seal").out.strip()
    broken = "\r\n".join("  " + line[at:at + 72] for at in range(0, len(line), 72))
    assert new.run("credrelay", "join", input=broken + "\n\n").status == 0
    for before, behind in (("'", "'"), ("mac-1$ credrelay invite reader --no-seal\n", "\n")):
        again = new.run("credrelay", "join", "--dry-run", input=before + line + behind)
        assert again.status == 0, again


def test_not_from_the_command_line(world):
    result = world.run("credrelay", "join", GOOD)
    assert (result.status, result.err) == (
        64, "credrelay: join: an invitation is not taken from the command line, where every user of "
            "this machine can read it\n  run credrelay join, then paste it\n")
    assert not config_of(world).exists()


# -- inviting ------------------------------------------------------------------------------------


def test_what_an_invitation_says(fleet, parameter_store):
    writer, _ = fleet
    writer.configure(CONFIG.format(role="writer", store=parameter_store.url()) + WRITERS +
                     "kms-key-id = alias/x\nretry = never\n")
    profiles = parameter_store.profiles()
    reader, both = (content_of(writer.run("credrelay", "invite", role).out)
                    for role in ("reader", "writer"))
    keys = [{"profile": f"claude-creds-{role}", "id": profiles[f"claude_creds_{role}"][0],
             "secret": profiles[f"claude_creds_{role}"][1]} for role in ("reader", "writer")]
    assert reader["keys"] == keys[:1] and both["keys"] == keys
    assert reader["settings"] == {"tool": "claude", "role": "reader", "store": parameter_store.url(),
                                  "reader-profile": "claude-creds-reader"}
    assert both["settings"] == {**reader["settings"], "role": "writer", "kms-key-id": "alias/x",
                                "writer-profile": "claude-creds-writer"}
    assert (reader["by"], reader["relay"]) == ("mac-1", "claude")
    assert reader["expires"] - reader["made"] == 24 * 3_600_000
    short = content_of(writer.run("credrelay", "invite", "reader", "--expires", "90s").out)
    assert short["expires"] - short["made"] == 90_000


def test_the_json_of_invite(fleet, parameter_store):
    writer, _ = fleet
    said = writer.run("credrelay", "invite", "reader", "--no-seal", "--json").json
    content = content_of(said.pop("invitation"))
    assert said == {"ok": True, "command": "invite", "relay": "claude", "role": "reader",
                    "store": parameter_store.url(), "sealed": False,
                    "expires_at": content["expires"],
                    "keys": [{"profile": "claude-creds-reader", "key_id": content["keys"][0]["id"]}]}


def test_a_region_that_only_this_machine_knows(fleet, parameter_store):
    writer, _ = fleet
    writer.configure(CONFIG.format(role="writer", store=parameter_store.url(region="")) + WRITERS)
    said = writer.run("credrelay", "invite", "reader", "--json", env={"AWS_REGION": "us-west-2"}).json
    assert said["store"] == parameter_store.url()
    keys_of(writer).write_text(keys_of(writer).read_text().replace(
        "[claude-creds-reader]\n", "[claude-creds-reader]\nregion = eu-west-1\n"))
    said = writer.run("credrelay", "invite", "reader", "--json").json
    assert said["store"] == parameter_store.url(region="eu-west-1")


CANNOT = {
    "a reader a writer": (
        {"role": "reader"}, {}, ["writer"], 77,
        "this machine is a reader, and a reader can invite readers only",
        "invite a writer from a writer"),
    "no such role": ({}, {}, ["king"], 64, "'king' is no role",
                     "credrelay invite reader, or credrelay invite writer"),
    "into a store of its own": (
        {"store": "local:"}, {}, ["reader"], 69,
        "the store local: is this machine's own: there is nothing to share with another",
        "a store that machines share: store = ssm://REGION/NAME"),
    "no profile is named": (
        {"reader-profile": None}, {}, ["reader"], 65,
        "which key is the reader's is not told: [claude] has no reader-profile",
        "put the key into a profile of ~/.aws/credentials and name it in credrelay.conf"),
    "a key that is not there": (
        {"reader-profile": "nobody"}, {}, ["reader"], 65,
        "there is no profile nobody in {keys}", "enter its keys: aws configure --profile nobody"),
    "a profile without a key": (
        {}, {"claude-creds-reader": "region = eu-west-1"}, ["reader"], 65,
        "profile claude-creds-reader has no key",
        "enter it: aws configure --profile claude-creds-reader"),
    "a role of AWS": (
        {"store": "ssm://us-west-2/n"}, {"claude-creds-reader": "role_arn = arn:aws:iam::1:role/r"},
        ["reader"], 69,
        "profile claude-creds-reader has no key of its own to give away: it is set up with role_arn",
        "set up such a profile on the new machine, then: credrelay init --role reader "
        "--store 'ssm://us-west-2/n' --reader-profile claude-creds-reader"),
    "a session's key": (
        {"store": "ssm://us-west-2/n"},
        {"claude-creds-reader": "aws_access_key_id = ASIA\naws_secret_access_key = x\n"
                                "aws_session_token = y"}, ["reader"], 69,
        "profile claude-creds-reader has no key of its own to give away: it is set up with "
        "aws_session_token",
        "set up such a profile on the new machine, then: credrelay init --role reader "
        "--store 'ssm://us-west-2/n' --reader-profile claude-creds-reader"),
    "a profile of the other file": (
        {"store": "ssm://us-west-2/n", "reader-profile": "corp"}, {}, ["reader"], 69,
        "profile corp has no key of its own to give away: it is set up in AWS's configuration file",
        "set up such a profile on the new machine, then: credrelay init --role reader "
        "--store 'ssm://us-west-2/n' --reader-profile corp"),
    "the writers' key to a reader": (
        {"writer-profile": "claude-creds-reader"}, {}, ["reader"], 77,
        "profile claude-creds-reader has the writers' key: a reader must not get it",
        "give the readers a key of their own: credrelay aws setup"),
    "a profile for every role": (
        {"store": "ssm://us-west-2/n?profile=claude-creds-writer"}, {}, ["reader"], 77,
        "the store's URL has profile=claude-creds-writer for every role, which is the writer's key",
        "take it out of the URL and name reader-profile and writer-profile"),
    "for too long": ({}, {}, ["reader", "--expires", "31d"], 64,
                     "--expires 31d is not a time from 1 minute to 30 days", "for instance --expires 2h"),
    "for no time": ({}, {}, ["reader", "--expires", "soon"], 64,
                    "--expires soon is not a time from 1 minute to 30 days", "for instance --expires 2h"),
    "both ways": ({}, {}, ["reader", "--seal", "--no-seal"], 64,
                  "--seal and --no-seal exclude each other", ""),
    "nobody to tell the passphrase": (
        {}, {}, ["reader", "--seal"], 64, "there is no terminal to show the passphrase on",
        "where nobody else can read it: credrelay invite reader --no-seal"),
}


@pytest.mark.parametrize("settings, profiles, arguments, status, message, hint", CANNOT.values(),
                         ids=CANNOT)
def test_who_cannot_be_invited(world, settings, profiles, arguments, status, message, hint):
    settings = {"role": "writer", "store": "ssm://us-west-2/claude/oauth/credentials",
                "reader-profile": "claude-creds-reader", "writer-profile": "claude-creds-writer",
                **settings}
    profiles = {**{name: f"aws_access_key_id = AKIA{name[-6:].upper()}\naws_secret_access_key = x"
                   for name in ("claude-creds-reader", "claude-creds-writer")}, **profiles}
    world.configure("[claude]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items() if v))
    keys_of(world).parent.mkdir()
    keys_of(world).write_text("".join(f"[{k}]\n{v}\n" for k, v in profiles.items()))
    keys_of(world).with_name("config").write_text("[profile corp]\nsso_session = corp\n")
    result = world.run("credrelay", "invite", *arguments, start_new_session=True)
    assert (result.status, result.out, result.err) == (
        status, "", f"credrelay: invite: {message.format(keys=keys_of(world))}\n" +
        (f"  {hint}\n" if hint else "")), result


def test_a_store_with_keys_of_its_own(world):
    """A store of anybody's: the invitation has its URL and no key."""
    world.configure("[claude]\nrole = writer\nstore = files:/somewhere\n")
    result = world.run("credrelay", "invite", "reader")
    assert (result.status, result.err) == (0, ""), result
    assert content_of(result.out)["keys"] == []
    assert content_of(result.out)["settings"]["store"] == "files:/somewhere"


def test_a_compromised_reader_cannot_make_itself_a_writer(fleet, parameter_store):
    """It may say what it likes in its invitation: its key cannot put."""
    writer, new = fleet
    line = writer.run("credrelay", "invite", "reader").out
    content = content_of(line)
    content["settings"]["role"] = "writer"
    content["settings"]["writer-profile"] = "claude-creds-reader"
    assert new.run("credrelay", "join", input=open_line(**content)).status == 0
    new.write_login(access="sk-ant-oat01-TEST-injected", expires_in=9 * 3600)
    assert new.run("credrelay", "publish").status == 77
    assert json.loads(parameter_store.get()["value"])["claudeAiOauth"]["accessToken"] == \
        writer.access_token()
