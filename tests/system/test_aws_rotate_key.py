"""`credrelay aws rotate-key`: a new key in the profile, the old one deactivated and deleted, whatever
happens in between."""
import json
import re
import shutil
import stat

import pytest

from harness.parameter_store import ACCOUNT, REGION, allow, allow_kms, policy
from harness.relay import wait_for
from harness.world import World


@pytest.fixture
def fleet(world, parameter_store):
    """A reader whose user may rotate its own key, which is a day old, and an administrator."""
    store = world.store = parameter_store
    world.user = store.path.split("/")[2] + "-reader"
    store.put("a login")
    world.configure(f"[claude]\nrole = reader\nstore = {store.url()}\nreader-profile = {world.user}\n")
    own = f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"
    document = policy(allow("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{store.path}"),
                      allow_kms("kms:Decrypt"), allow(["iam:*AccessKey*"], own))
    world.old, secret = store.user(world.user, document, age=86400)
    world.write_aws_profiles(**{"admin": store.user("root", policy(allow("*", "*")), age=86400),
                                world.user: (world.old, secret)})
    world.credentials = (world.home / ".aws" / "credentials").read_text()
    yield world
    store.iam_delay(0)
    for service in ("sts", "ssm"):
        store.refuse_new_keys(0, service)


def rotate(world, *arguments, **more):
    return world.run("credrelay", "aws", "rotate-key", *arguments, **more)


def profile_key(world):
    text = (world.home / ".aws" / "credentials").read_text()
    return re.search(rf"\[{world.user}\]\naws_access_key_id = (\w+)\naws_secret_access_key = (\S+)\n", text)


def keys(world):
    """{id: status} by IAM."""
    return world.store.users()[world.user]["keys"]


def note(world):
    path = world.state / "claude.rotate-reader.json"
    return json.loads(path.read_text()) if path.exists() else None


def works(world):
    """With what is in the profile."""
    pulled = world.run("credrelay", "pull", "--json")
    return pulled.json.get("error") not in ("bad_credentials", "denied")


def logged(world):
    """[(did, key or host, ok), ...] of the log, all of this role's."""
    events = world.events("key")
    assert all(e["role"] == "reader" and e["profile"].endswith("-reader") and e["relay"] == "claude" for e in events)
    return [(e["did"], e.get("key", e.get("host")), e["ok"]) for e in events]


# -- as it goes --------------------------------------------------------------------------------


def test_from_the_first_to_the_last(fleet):
    made = rotate(fleet, "reader")
    assert (made.status, made.err) == (0, ""), made
    new, secret = profile_key(fleet).groups()
    until = re.search(r"until (\S+),", made.out)[1]
    assert made.out == f"""made key {new}
key {new} is accepted by STS and by Parameter Store
wrote key {new} into the profile
key {new} works from the profile
the old key {fleet.old} goes on working until {until}, for other machines that have it.
  each of them gets the new one by: credrelay aws rotate-key reader --ssh HOST
  without ssh: credrelay invite reader, and there: credrelay join --replace
  when all have it: credrelay aws rotate-key reader --finish --grace 0
"""
    assert new != fleet.old and keys(fleet) == {fleet.old: "Active", new: "Active"}
    assert works(fleet)
    # nothing else of the file has changed, and nobody but its owner reads it
    text = (fleet.home / ".aws" / "credentials").read_text()
    old_secret = re.search(rf"{fleet.old}\naws_secret_access_key = (\S+)", fleet.credentials)[1]
    assert text.replace(new, fleet.old).replace(secret, old_secret) == fleet.credentials
    assert stat.S_IMODE((fleet.home / ".aws" / "credentials").stat().st_mode) == 0o600
    # the note knows no secret any more
    assert note(fleet)["new"] == new and "secret" not in note(fleet)
    # too early to finish
    early = rotate(fleet, "--finish")
    assert (early.status, early.out) == (75, "") and until[:10] in early.err, early
    assert early.err.endswith("  when they all have the new one: the same with --grace 0\n")
    # again: it is under way, and no third key is made
    assert rotate(fleet).status == 0 and len(keys(fleet)) == 2
    finished = rotate(fleet, "--finish", "--grace", "0")
    assert (finished.status, finished.out) == (
        0, f"deactivated the old key {fleet.old}\ndeleted the old key {fleet.old}\n"), finished
    assert keys(fleet) == {new: "Active"} and note(fleet) is None and works(fleet)
    again = rotate(fleet, "--finish")
    assert (again.status, again.out) == (0, f"nothing to finish: user {fleet.user} has one key\n")
    assert logged(fleet) == [
        ("made", new, True), ("written", new, True), ("verified", new, True), ("stopped", None, False),
        ("deactivated", fleet.old, True), ("deleted", fleet.old, True)]
    assert {e.get("user") for e in fleet.events("key")} == {fleet.user}
    stopped = fleet.events("key")[3]
    assert stopped["error"] == "busy" and stopped["message"] in early.err and stopped["hint"] in early.err
    # and the next rotation begins
    assert rotate(fleet, "--grace", "0").status == 0
    assert keys(fleet)[new] == "Inactive" and profile_key(fleet)[1] not in (new, fleet.old)


def test_the_commands_that_are_printed_work(fleet):
    """With the options that this one was given: without them the role's own key is asked, which may not."""
    options = ("-r", "claude", "--admin-profile", "admin")
    made = rotate(fleet, "reader", *options)
    assert made.out.splitlines()[5:] == [
        "  each of them gets the new one by: credrelay aws rotate-key reader -r claude --admin-profile admin --ssh HOST",
        "  without ssh: credrelay invite reader -r claude, and there: credrelay join --replace",
        "  when all have it: credrelay aws rotate-key reader -r claude --admin-profile admin --finish --grace 0"], made
    kept = rotate(fleet, "reader", *options, "--grace", "0")
    command = kept.out.splitlines()[-1].removeprefix("  delete it: ")
    assert command == "credrelay aws rotate-key reader -r claude --admin-profile admin --finish"
    assert fleet.run(*command.split()).status == 0 and list(keys(fleet)) == [profile_key(fleet)[1]]


def test_without_grace_the_old_key_is_deactivated_at_once_and_kept(fleet):
    made = rotate(fleet, "--grace", "0")
    assert made.status == 0, made
    new = profile_key(fleet)[1]
    assert keys(fleet) == {fleet.old: "Inactive", new: "Active"}
    assert made.out.splitlines()[4:] == [
        f"deactivated the old key {fleet.old}",
        f"the old key {fleet.old} is kept, inactive, in case it was in use somewhere.",
        "  a machine that still has it gets the new one by: credrelay aws rotate-key reader --ssh HOST",
        "  delete it: credrelay aws rotate-key reader --finish"]
    assert rotate(fleet).status == 0 and len(keys(fleet)) == 2  # nothing more without --finish
    assert rotate(fleet, "--finish").status == 0
    assert keys(fleet) == {new: "Active"}


def test_as_json(fleet):
    planned = rotate(fleet, "--json", "--dry-run").json
    assert (planned["ok"], planned["next"], planned["why"], planned["steps"]) == (True, "make", "fresh", [])
    made = rotate(fleet, "--json", "--grace", "0")
    new, secret = profile_key(fleet).groups()
    said = made.json
    assert [s["did"] for s in said["steps"]] == ["made", "accepted", "written", "verified", "deactivated"]
    assert {k: said[k] for k in ("ok", "command", "role", "user", "account", "old_key", "new_key", "next", "why",
                                 "exit_status")} == {
        "ok": True, "command": "aws rotate-key", "role": "reader", "user": fleet.user, "account": ACCOUNT,
        "old_key": fleet.old, "new_key": new, "next": "kept", "why": "under_way", "exit_status": 0}
    assert secret not in made.out and secret not in made.err
    finished = rotate(fleet, "--finish", "--json")
    assert [s["did"] for s in finished.json["steps"]] == ["deleted"]


def test_a_dry_run_changes_nothing(fleet):
    planned = rotate(fleet, "--dry-run")
    assert (planned.status, planned.err) == (0, "")
    assert planned.out == (
        f"would make a new key of user {fleet.user}, wait until STS and Parameter Store accept it, write it\n"
        f"into profile {fleet.user} and use it from there; then deactivate the old key {fleet.old}\n")
    assert keys(fleet) == {fleet.old: "Active"} and note(fleet) is None and logged(fleet) == []
    assert (fleet.home / ".aws" / "credentials").read_text() == fleet.credentials


@pytest.mark.parametrize("service", ["sts", "ssm"])
def test_it_waits_until_the_key_is_known(fleet, service):
    """Everywhere: STS may know it before Parameter Store does."""
    fleet.store.refuse_new_keys(4, service)
    made = rotate(fleet)
    assert made.status == 0, made
    action = {"sts": "GetCallerIdentity", "ssm": "GetParameter"}[service]
    refused = [(entry["action"], entry["key"]) for entry in fleet.store.log(every=True)
               if entry["status"] in (400, 403)]
    assert refused == [(action, profile_key(fleet)[1])] * 4
    assert works(fleet)


def test_an_administrators_keys(fleet):
    """For a user that may not rotate its own."""
    fleet.store.door("user", {"name": "other", "policy": policy(allow("sts:*", "*"))})
    key, secret = fleet.store.user(fleet.user, policy(
        allow("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{fleet.store.path}"),
        allow_kms("kms:Decrypt")), age=86400)
    path = fleet.home / ".aws" / "credentials"
    old_secret = profile_key(fleet)[2]
    path.write_text(path.read_text().replace(fleet.old, key).replace(old_secret, secret))
    refused = rotate(fleet)
    arn = f"arn:aws:iam::{ACCOUNT}:user/{fleet.user}"
    assert refused.status == 77 and refused.err.endswith(
        f"  allow iam:ListAccessKeys on {arn} to {arn} (profile {fleet.user})\n"), refused
    made = rotate(fleet, "--admin-profile", "admin", "--grace", "0")
    assert made.status == 0, made
    assert keys(fleet) == {key: "Inactive", profile_key(fleet)[1]: "Active"} and works(fleet)


# -- interrupted -------------------------------------------------------------------------------


def test_a_key_whose_answer_was_lost_is_found_and_deleted(fleet):
    fleet.store.faults([{"action": "CreateAccessKey", "drop": True, "after": True}])
    stopped = rotate(fleet)
    assert stopped.status == 69
    assert stopped.err.endswith("  whether a key was made is not known; the same command again finds out\n")
    (lost,) = set(keys(fleet)) - {fleet.old}
    assert works(fleet) and profile_key(fleet)[1] == fleet.old
    fleet.store.faults([])
    fleet.store.clock(60)
    planned = rotate(fleet, "--dry-run")
    assert planned.out == "would tidy up after a rotation that was interrupted, then begin a new one\n"
    again = rotate(fleet)
    assert again.status == 0 and again.out.startswith(
        f"deleted key {lost}, which a rotation that was interrupted had made and nobody has\nmade key "), again
    assert set(keys(fleet)) == {fleet.old, profile_key(fleet)[1]} and works(fleet)
    assert logged(fleet)[:3] == [
        ("stopped", None, False), ("discarded", lost, True), ("made", profile_key(fleet)[1], True)]


def test_a_lost_key_that_somebody_uses_is_not_deleted(fleet):
    """Then it was not lost: another machine rotates at the same time."""
    fleet.store.faults([{"action": "CreateAccessKey", "drop": True, "after": True}])
    assert rotate(fleet).status == 69
    (other,) = set(keys(fleet)) - {fleet.old}
    fleet.store.faults([])
    fleet.store.door("used", {"key": other})
    refused = rotate(fleet)
    assert refused.status == 75 and refused.err == (
        f"credrelay: aws rotate-key: a key that was made while a rotation was interrupted, {other} of user "
        f"{fleet.user}, is in use\n"
        "  whoever has it rotates this role's key too; take theirs by an invitation\n")
    assert set(keys(fleet)) == {fleet.old, other}


def test_a_key_that_cannot_be_noted_does_not_stay(fleet, tmp_path):
    """The note is replaced twice until then; the second time the disk is full."""
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    stopped = fleet.run("strace", "-qq", "-o", tmp_path / "trace", "-e", "trace=rename", "-e",
                        "inject=rename:error=ENOSPC:when=2", "credrelay", "aws", "rotate-key",
                        env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert stopped.status == 74 and stopped.err.endswith(
        ": No space left on device\n"
        "  the new key was deleted again; make room, then the same command again\n"), stopped
    assert keys(fleet) == {fleet.old: "Active"} and works(fleet)
    assert [e["status"] for e in fleet.store.log(every=True) if e["action"] == "CreateAccessKey"] == [200]
    again = rotate(fleet)
    assert again.status == 0 and len(keys(fleet)) == 2, again


def test_a_key_that_is_never_accepted_is_kept_for_the_next_time(fleet):
    """Ended while it waits; then it goes on with the same key."""
    fleet.store.iam_delay(3600)
    process = fleet.start("credrelay", "aws", "rotate-key")
    wait_for(lambda: (note(fleet) or {}).get("secret"))
    process.kill()
    process.communicate()
    path = fleet.state / "claude.rotate-reader.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(fleet.state.stat().st_mode) == 0o700
    new = note(fleet)["new"]
    assert works(fleet) and profile_key(fleet)[1] == fleet.old
    fleet.store.iam_delay(0)
    again = rotate(fleet)
    assert again.status == 0 and again.out.startswith(f"key {new} is accepted"), again
    assert profile_key(fleet)[1] == new and len(keys(fleet)) == 2


def test_two_at_once(fleet):
    """The first is at it for as long as the second needs to find out."""
    fleet.store.faults([{"action": "CreateAccessKey", "delay": 120}])
    process = fleet.start("credrelay", "aws", "rotate-key")
    wait_for(lambda: note(fleet))
    second = rotate(fleet)
    process.kill()
    process.communicate()
    assert second.status == 75 and "another credrelay has held" in second.err, second


# -- what a person must look at ----------------------------------------------------------------


def second_key(fleet, active=True, age=0):
    made = fleet.store.door("second", {"user": fleet.user, "age": age, "active": active})
    return made["key"]


TWO = "credrelay: aws rotate-key: user {user} has two keys, the most AWS allows: "
DELETE = "aws iam delete-access-key --user-name {user} --access-key-id {key}\n"
STATES = [  # the second key, what is said
    ({"age": 0}, TWO + "{key} was made after this machine's\n  take it from the machine that has it (credrelay invite "
     "reader there), or, if none has: " + DELETE),
    ({"age": 90000}, TWO + "{key} is older than this machine's and still works\n  when no machine uses it: " + DELETE),
    ({"age": 90000, "active": False}, TWO + "the older, {key}, is inactive\n  finish the last rotation: credrelay aws "
     "rotate-key reader --finish\n"),
    ({"age": 0, "active": False}, TWO + "{key} was made after this machine's\n  take it from the machine that has it "
     "(credrelay invite reader there), or, if none has: " + DELETE),
]


@pytest.mark.parametrize("second, said", STATES, ids=["newer", "older", "older and inactive", "newer and inactive"])
def test_two_keys_are_refused_with_advice(fleet, second, said):
    key = second_key(fleet, **second)
    for arguments in ((), ("--dry-run",)):
        refused = rotate(fleet, *arguments)
        assert (refused.status, refused.out, refused.err) == (75, "", said.format(user=fleet.user, key=key))
    assert len(keys(fleet)) == 2 and profile_key(fleet)[1] == fleet.old
    if second == {"age": 90000, "active": False}:  # whoever began it
        finished = rotate(fleet, "--finish")
        assert (finished.status, finished.out) == (0, f"deleted the old key {key}\n")
        assert keys(fleet) == {fleet.old: "Active"}


def test_a_profile_that_went_back(fleet):
    """A backup of the file was put back after the secret was forgotten."""
    assert rotate(fleet).status == 0
    new = profile_key(fleet)[1]
    (fleet.home / ".aws" / "credentials").write_text(fleet.credentials)
    refused = rotate(fleet)
    assert refused.status == 75 and refused.err.startswith(
        f"credrelay: aws rotate-key: profile {fleet.user} has the old key again; the new one, {new}, is not here\n")
    assert keys(fleet) == {fleet.old: "Active", new: "Active"}


def test_a_profile_that_got_another_key_meanwhile(fleet):
    """By an invitation, say, while ours waited: that one counts, and ours goes."""
    fleet.store.iam_delay(3600)
    process = fleet.start("credrelay", "aws", "rotate-key")
    wait_for(lambda: (note(fleet) or {}).get("secret"))
    process.kill()
    process.communicate()
    ours = note(fleet)["new"]
    fleet.store.iam_delay(0)
    fleet.store.door("drop", {"user": fleet.user, "key": fleet.old})
    made = fleet.store.door("second", {"user": fleet.user, "age": 0, "active": True})
    path = fleet.home / ".aws" / "credentials"
    old_secret = profile_key(fleet)[2]
    path.write_text(path.read_text().replace(fleet.old, made["key"]).replace(old_secret, made["secret"]))
    fleet.store.clock(60)
    again = rotate(fleet, "--finish")
    assert (again.status, again.out.splitlines()[0]) == (
        0, f"deleted key {ours}, which a rotation that was interrupted had made and nobody has"), again
    assert keys(fleet) == {made["key"]: "Active"}


def test_keys_of_a_role_are_not_rotated(fleet):
    role = fleet.store.role(f"{fleet.user}-role", policy(allow("*", "*")))
    with open(fleet.home / ".aws" / "config", "w") as file:
        file.write(f"[profile by-role]\nrole_arn = {role}\nsource_profile = admin\n")
    refused = rotate(fleet, env={"CREDRELAY_READER_PROFILE": "by-role",
                                 "AWS_ENDPOINT_URL_STS": fleet.store.endpoint})
    assert refused.status == 69 and "are no IAM user's but arn:aws:sts::" in refused.err, refused


REFUSED = [
    (["boss"], "credrelay: aws rotate-key: 'boss' is neither a role nor after --ssh\n  say reader or writer\n"),
    (["--grace", "soon"], "credrelay: aws rotate-key: --grace soon is no time span\n  for instance --grace 2h\n"),
    (["reader", "--ssh"], "credrelay: aws rotate-key: --ssh without a host\n"),
    (["--ssh", "reader", "a b"], "credrelay: aws rotate-key: 'a b' is no host\n"),
    (["--ssh", "reader", "--", "-oProxyCommand=x"], "credrelay: aws rotate-key: '-oProxyCommand=x' is no host\n"),
]


@pytest.mark.parametrize("arguments, said", REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_what_is_refused(fleet, arguments, said):
    ran = rotate(fleet, *arguments)
    assert (ran.status, ran.out, ran.err) == (64, "", said)


# -- other machines ----------------------------------------------------------------------------


@pytest.fixture
def ssh(fleet, tmp_path):
    """ssh HOST COMMAND...: runs it on the World of that name; what it was given as arguments is kept."""
    others = {name: World(tmp_path / name, name) for name in ("machine-2", "machine-3")}
    for other in others.values():
        other.configure((fleet.home / ".config" / "credrelay" / "credrelay.conf").read_text())
        (other.home / ".aws").mkdir(mode=0o700)
        (other.home / ".aws" / "credentials").write_text(fleet.credentials)
    cases = "\n".join(f"{name}) export HOME={other.home} ;;" for name, other in others.items())
    fleet.program("ssh", f"""#!/bin/sh
echo "$@" >>{tmp_path}/ssh-arguments
case $1 in
{cases}
*) echo "ssh: Could not resolve hostname $1" >&2; exit 255 ;;
esac
shift
exec "$@"
""")
    return others


def test_other_machines_over_ssh(fleet, ssh, tmp_path):
    made = rotate(fleet, "reader", "--ssh", "machine-2", "machine-3")
    assert made.status == 0, made
    new, secret = profile_key(fleet).groups()
    assert made.out.splitlines()[4:7] == ["machine-2 has the new key", "machine-3 has the new key",
                                          f"deactivated the old key {fleet.old}"]
    for other in ssh.values():
        text = (other.home / ".aws" / "credentials").read_text()
        assert f"[{fleet.user}]\naws_access_key_id = {new}\naws_secret_access_key = {secret}\n" in text
        assert works(other)
        assert logged(other) == [("taken", new, True)]
    assert logged(fleet)[3:] == [("handed_over", "machine-2", True), ("handed_over", "machine-3", True),
                                 ("deactivated", fleet.old, True)]
    assert (tmp_path / "ssh-arguments").read_text() == "".join(
        f"{host} credrelay aws take-key --relay claude\n" for host in ("machine-2", "machine-3"))
    # the old one goes once all have the new one, and a machine may be given it once more
    assert rotate(fleet, "--finish", "--ssh", "machine-3").status == 0
    assert keys(fleet) == {new: "Active"}


def test_another_machine_by_an_invitation(fleet, ssh):
    """What rotate-key says to do where there is no ssh."""
    assert rotate(fleet).status == 0
    invitation = fleet.run("credrelay", "invite", "reader", "--no-seal")
    assert invitation.status == 0, invitation
    other = ssh["machine-2"]
    joined = other.run("credrelay", "join", "--replace", "--no-service", input=invitation.out)
    assert f"aws_access_key_id = {profile_key(fleet)[1]}\n" in (other.home / ".aws" / "credentials").read_text(), joined
    assert rotate(fleet, "--finish", "--grace", "0").status == 0
    assert works(other) and works(fleet)


def test_a_machine_that_does_not_answer_keeps_the_old_key_alive(fleet, ssh):
    """Whatever is asked for; and the others get theirs."""
    stopped = rotate(fleet, "reader", "--grace", "0", "--ssh", "machine-2", "machine-9", "machine-3")
    new = profile_key(fleet)[1]
    assert stopped.status == 69 and stopped.err == (
        "credrelay: aws rotate-key: machine-9 did not take the key (exit status 255): "
        "ssh: Could not resolve hostname machine-9\n  try: ssh machine-9 credrelay version\n"
        "credrelay: aws rotate-key: machine-9 does not have the new key yet, so the old one stays\n"
        "  give it to it: credrelay aws rotate-key reader --ssh machine-9\n"), stopped
    assert stopped.out.splitlines()[4:] == ["machine-2 has the new key", "machine-3 has the new key"]
    assert logged(fleet)[3:] == [("handed_over", "machine-2", True), ("handed_over", "machine-9", False),
                                 ("handed_over", "machine-3", True), ("stopped", None, False)]
    both = {fleet.old: "Active", new: "Active"}
    assert keys(fleet) == both and works(ssh["machine-2"]) and works(ssh["machine-3"]) and works(fleet)
    fleet.store.clock(90 * 86400)  # days later, and whoever asks
    for arguments, status, said in (
            ((), 0, f"machine-9 does not have the new key yet, so the old one, {fleet.old}, stays.\n"
                    "  give it to it: credrelay aws rotate-key reader --ssh machine-9\n"
                    "  when it is to be left out: credrelay aws rotate-key reader --finish --grace 0\n"),
            (("--ssh", "machine-3"), 0, "machine-3 has the new key\nmachine-9 does not have the new key yet,"),
            (("--finish",), 75, "machine-9 does not have the new key yet, so the old one stays\n"
                                "  give it to it: credrelay aws rotate-key reader --ssh machine-9\n")):
        again = rotate(fleet, *arguments)
        assert again.status == status and said in again.out + again.err and keys(fleet) == both, again
    left_out = rotate(fleet, "--finish", "--grace", "0")
    assert left_out.status == 0 and keys(fleet) == {new: "Active"}, left_out


def test_a_machine_that_answers_again(fleet, ssh):
    rotate(fleet, "--ssh", "machine-2", "machine-9")
    (fleet.bin / "ssh").write_text((fleet.bin / "ssh").read_text().replace("machine-3)", "machine-9)"))
    given = rotate(fleet, "reader", "--ssh", "machine-9")
    assert (given.status, given.out.splitlines()[:2]) == (
        0, ["machine-9 has the new key", f"deactivated the old key {fleet.old}"]), given
    assert works(ssh["machine-3"]) and works(ssh["machine-2"])


def test_what_another_machine_says_itself(fleet, ssh):
    """Its sentence, and its hint."""
    keys_of_it = ssh["machine-2"].home / ".aws" / "credentials"
    keys_of_it.write_text("[other]\nregion = x\n")
    stopped = rotate(fleet, "--ssh", "machine-2")
    alone = ssh["machine-2"].run("credrelay", "aws", "take-key", input=json.dumps(
        {"credrelay_key": 1, "role": "reader", "key_id": "AKIADEAD", "secret": "x" * 40}))
    assert alone.err.count("\n") == 2 and stopped.err.startswith(
        f"credrelay: aws rotate-key: machine-2 did not take the key (exit status {alone.status}): " + alone.err), stopped
    planned = rotate(fleet, "--dry-run", "--ssh", "machine-2", "machine-3")
    assert planned.out.splitlines()[-2:] == [
        f"would give the key to {name} over ssh, before the old one is touched" for name in ("machine-2", "machine-3")]


def test_machines_that_do_not_answer_as_json(fleet, ssh):
    stopped = rotate(fleet, "--json", "--ssh", "machine-8", "machine-2", "machine-9")
    said = stopped.json
    assert (stopped.status, stopped.err, said["ok"], said["error"]) == (69, "", False, "failed"), stopped
    assert said["awaited"] == ["machine-8", "machine-9"] == [f["host"] for f in said["failed"]]
    assert said["failed"][1] == {
        "host": "machine-9", "error": "failed", "hint": "try: ssh machine-9 credrelay version",
        "message": "machine-9 did not take the key (exit status 255): ssh: Could not resolve hostname machine-9"}
    assert said["hint"] == "give it to them: credrelay aws rotate-key reader --ssh machine-8 machine-9"
    assert [s for s in said["steps"] if s["did"] == "handed_over"] == [{"did": "handed_over", "host": "machine-2"}]


def test_what_take_key_refuses(fleet, ssh):
    """Nothing that would make the profile worse."""
    other = ssh["machine-2"]
    path = other.home / ".aws" / "credentials"
    before = path.read_text()
    stranger, secret = fleet.store.user("stranger", policy(allow("*", "*")))
    dead = {"credrelay_key": 1, "role": "reader", "key_id": "AKIADEAD", "secret": "x" * 40}
    for letter, status, said in (
            ("", 65, "what came on standard input is no key of credrelay's"),
            ("hello", 65, "what came on standard input is no key of credrelay's"),
            (json.dumps({**dead, "role": "boss"}), 65, "what came on standard input is no key of credrelay's"),
            ("x" * 5000, 65, "what came on standard input is larger than 4096 bytes"),
            (json.dumps(dead), 77, "AWS does not know the access key of AKIADEAD"),
            (json.dumps({**dead, "key_id": stranger, "secret": secret}), 75,
             f"the key that came is arn:aws:iam::{ACCOUNT}:user/stranger's")):
        refused = other.run("credrelay", "aws", "take-key", input=letter)
        assert refused.status == status and said in refused.err, (letter, refused)
        assert secret not in refused.err
    assert path.read_text() == before
    path.write_text(before[:before.index(f"[{fleet.user}]")])
    missing = other.run("credrelay", "aws", "take-key", input=json.dumps(dead))
    assert missing.status == 65 and missing.err.endswith(
        "  to make this machine one of the fleet: credrelay invite reader on another, credrelay join here\n")


# -- secrets -----------------------------------------------------------------------------------


def test_no_secret_where_others_can_see_it(fleet, ssh, tmp_path):
    """Of the old key and the new one: neither in what is said, nor in argv or the environment of any
    process, nor in a file that others may read."""
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    trace = tmp_path / "trace"
    ran = fleet.run("strace", "-f", "-qq", "-v", "-s", "4000", "-e", "trace=execve", "-o", trace, "credrelay", "aws",
                    "rotate-key", "--ssh", "machine-2", env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert ran.status == 0, ran
    old_secret = re.search(rf"{fleet.old}\naws_secret_access_key = (\S+)", fleet.credentials)[1]
    seen = trace.read_text()
    assert "take-key" in seen and "aws-admin" in seen
    for secret in (old_secret, profile_key(fleet)[2]):
        for text in (ran.out, ran.err, seen, (fleet.state / "claude.rotate-reader.json").read_text()):
            assert secret not in text
    for path in fleet.home.rglob("*"):
        if path.is_file() and not path.is_symlink() and profile_key(fleet)[2].encode() in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
