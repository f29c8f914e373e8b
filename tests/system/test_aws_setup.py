"""`credrelay aws setup` makes users, policies, keys and profiles, once; `credrelay aws template` says
the same as CloudFormation and Terraform."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.parameter_store import ACCOUNT, REGION, allow, policy
from harness.world import FAKE

WARNING = (
    "credrelay: warning: the account's default key aws/ssm lets every principal of the account decrypt through "
    "Parameter Store: whoever may get the parameter can read the login. A customer-managed key (kms-key-id) is "
    "the way to real least privilege\n")


@pytest.fixture
def fleet(world, parameter_store):
    """A machine with an administrator's profile, whose relay's users are this test's own."""
    store = world.store = parameter_store
    name = store.path.split("/")[2]
    world.reader, world.writer = f"{name}-reader", f"{name}-writer"
    world.configure(f"[claude]\nrole = writer\nstore = {store.url()}\nreader-profile = {world.reader}\n"
                    f"writer-profile = {world.writer}\n")
    world.write_aws_profiles(admin=store.user("root", policy(allow("*", "*")), age=3600))
    return world


def set_up(world, *arguments, **more):
    return world.run("credrelay", "aws", "setup", "--admin-profile", "admin", *arguments, **more)


def credentials(world):
    return (world.home / ".aws" / "credentials").read_text()


def own(world):
    """What an administrator sees of this test's users."""
    users = world.store.users()
    return {name: users[name] for name in (world.reader, world.writer) if name in users}


def test_it_makes_what_is_missing_once(fleet):
    before = credentials(fleet)
    made = set_up(fleet)
    assert (made.status, made.err) == (0, WARNING), made
    assert made.out.splitlines() == [line for name in (fleet.reader, fleet.writer) for line in (
        f"user {name}: made", f"policy of user {name}: made", f"access key in profile {name}: made")]
    users = own(fleet)
    for role, name in (("reader", fleet.reader), ("writer", fleet.writer)):
        (key, status), = users[name]["keys"].items()
        assert status == "Active" and f"[{name}]\naws_access_key_id = {key}\n" in credentials(fleet)
        printed = fleet.run("credrelay", "aws", "policy", role, "--account", ACCOUNT)
        assert users[name]["policies"] == {"credrelay": json.loads(printed.out)}
    after = credentials(fleet)
    assert after.startswith(before)
    assert oct((fleet.home / ".aws" / "credentials").stat().st_mode & 0o777) == "0o600"
    assert not list(fleet.state.glob("*.json")), "a note was left behind"
    # again: nothing to do
    again = set_up(fleet)
    assert again.status == 0 and set(line.rsplit(": ", 1)[1] for line in again.out.splitlines()) == {
        "is as it should be"}, again
    assert (own(fleet), credentials(fleet)) == (users, after)
    # and it works
    fleet.write_login(access="sk-ant-oat01-TEST-1")
    assert fleet.run("credrelay", "publish").status == 0
    fleet.login_path.unlink()
    assert fleet.run("credrelay", "pull", env={"CREDRELAY_ROLE": "reader"}).status == 0
    assert fleet.access_token() == "sk-ant-oat01-TEST-1"
    assert fleet.run("credrelay", "publish", env={"CREDRELAY_WRITER_PROFILE": fleet.reader}).status in (0, 77)


def test_a_section_that_names_no_profiles(fleet):
    """As `credrelay init` writes it when there are none yet: what it must say, said, is enough."""
    section = fleet.home / ".config" / "credrelay" / "credrelay.conf"
    users = ("claude-creds-reader", "claude-creds-writer")
    for user in users:
        fleet.store.forget(user)
    section.unlink()
    assert fleet.run("credrelay", "init", "--no-service", "--role", "writer", "--store", fleet.store.url()).status == 0
    lines = ["  reader-profile = claude-creds-reader", "  writer-profile = claude-creds-writer",
             "  kms-key-id = alias/claude-creds"]
    planned = set_up(fleet, "--kms", "--dry-run")
    assert planned.out.splitlines()[-4:] == [
        "to be said then in [claude] of credrelay.conf (invitations bring it to other machines):", *lines], planned
    made = set_up(fleet)
    assert made.out.splitlines()[-3:] == [
        "now say in [claude] of credrelay.conf (invitations bring it to other machines):", *lines[:2]], made
    assert set_up(fleet, "--json").json["settings"] == {"reader-profile": users[0], "writer-profile": users[1]}
    with section.open("a") as file:
        file.write("".join(line.strip() + "\n" for line in made.out.splitlines()[-2:]))
    assert set_up(fleet, "--json").json["settings"] == {}
    fleet.write_login()
    assert fleet.run("credrelay", "publish").status == 0
    assert fleet.run("credrelay", "invite", "reader", "--no-seal").status == 0
    for user in users:
        fleet.store.forget(user)


def test_a_dry_run_changes_nothing(fleet):
    before = credentials(fleet)
    planned = set_up(fleet, "--dry-run", "--kms")
    assert planned.status == 0, planned
    assert planned.out.splitlines()[:3] == [
        f"customer-managed key credrelay: the login in {fleet.store.path}: would be made",
        "alias alias/claude-creds: would be made", f"user {fleet.reader}: would be made"]
    assert own(fleet) == {} and credentials(fleet) == before
    assert set_up(fleet).status == 0
    users = own(fleet)
    fleet.store.door("forget", {"user": fleet.writer})
    again = set_up(fleet, "--dry-run", "--json")
    assert [(s["item"], s["outcome"]) for s in again.json["steps"]] == [
        ("user", "there"), ("policy", "there"), ("key", "there"),
        ("user", "would_make"), ("policy", "would_make"), ("key", "would_make")]
    assert (again.json["account"], again.json["dry_run"], again.json["ok"]) == (ACCOUNT, True, True)
    assert list(own(fleet)) == [fleet.reader] and own(fleet)[fleet.reader] == users[fleet.reader]


def test_one_role_alone_and_a_policy_that_differs(fleet):
    assert set_up(fleet, "reader").status == 0
    assert list(own(fleet)) == [fleet.reader]
    changed = set_up(fleet, "reader", "--rotate-self")
    assert changed.out.splitlines()[1] == f"policy of user {fleet.reader}: made"
    assert "RotateItsOwnKey" in json.dumps(own(fleet)[fleet.reader]["policies"])


@pytest.fixture
def kms(fleet):
    """The alias that this test's fleet would have, in credrelay.conf."""
    alias = "alias/" + fleet.reader.removesuffix("-reader")
    fleet.env["CREDRELAY_KMS_KEY_ID"] = alias
    return alias


def test_a_customer_managed_key(fleet, kms):
    made = set_up(fleet, "--kms")
    assert (made.status, made.err) == (0, ""), made
    lines = made.out.splitlines()
    assert lines[0].startswith(f"customer-managed key arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    assert lines[1] == f"alias {kms}: made"
    arn = lines[0].removeprefix("customer-managed key ").removesuffix(": made")
    document = own(fleet)[fleet.reader]["policies"]["credrelay"]
    assert document["Statement"][1]["Resource"] == arn
    assert set_up(fleet, "--kms").out.splitlines()[:2] == [
        f"customer-managed key {arn}: is as it should be", f"alias {kms}: is as it should be"]
    fleet.write_login(access="sk-ant-oat01-TEST-1")
    assert fleet.run("credrelay", "publish").status == 0
    assert fleet.store.get()["kms_key"] == kms
    fleet.login_path.unlink()
    assert fleet.run("credrelay", "pull", env={"CREDRELAY_ROLE": "reader"}).status == 0


def test_a_key_that_was_made_and_got_no_alias_is_found(fleet, kms):
    fleet.store.faults([{"action": "CreateAlias", "status": 400, "type": "AccessDeniedException"}])
    stopped = set_up(fleet, "--kms")
    assert stopped.status == 77 and own(fleet) == {}
    first = stopped.out.splitlines()[0].removeprefix("customer-managed key ").removesuffix(": made")
    again = set_up(fleet, "--kms")
    assert again.status == 0, again
    assert again.out.splitlines()[:2] == [f"customer-managed key {first}: is as it should be", f"alias {kms}: made"]


@pytest.mark.parametrize("action, after", [
    ("CreateUser", False), ("CreateUser", True), ("PutUserPolicy", True), ("CreateAccessKey", False),
    ("CreateAccessKey", True)])
def test_stopped_at_a_request_it_goes_on(fleet, action, after):
    """Carried out or not: in the end there is one key, and it is in the profile."""
    fleet.store.faults([{"action": action, "drop": True, "after": after, "times": 3}])
    stopped = set_up(fleet, "reader")
    assert stopped.status == 69 or action == "PutUserPolicy", stopped
    fleet.store.faults([])
    fleet.store.clock(60)  # IAM lists by then what it has made
    again = set_up(fleet, "reader")
    assert again.status == 0, (stopped, again)
    (key, status), = own(fleet)[fleet.reader]["keys"].items()
    assert status == "Active" and f"aws_access_key_id = {key}\n" in credentials(fleet)
    assert not list(fleet.state.glob("*.json"))


def test_a_user_whose_key_another_machine_has(fleet, machines):
    assert set_up(fleet).status == 0
    other, = machines("machine-2")
    other.configure((fleet.home / ".config" / "credrelay" / "credrelay.conf").read_text())
    (other.home / ".aws").mkdir()
    shutil.copy(fleet.home / ".aws" / "credentials", other.home / ".aws" / "credentials")
    text = credentials(other)
    (other.home / ".aws" / "credentials").write_text(text[:text.index(f"[{fleet.reader}]")])
    users = own(fleet)
    refused = set_up(other)
    (key,) = users[fleet.reader]["keys"]
    assert (refused.status, refused.err) == (
        75, f"credrelay: aws setup: user {fleet.reader} has the key {key} and profile {fleet.reader} here has none\n"
            "  take it from a machine that has it: credrelay invite reader there\n")
    assert own(fleet) == users


def test_without_an_administrators_keys(fleet):
    key, secret = fleet.store.user("nobody", policy(allow("ssm:GetParameter", "*")))
    refused = fleet.run("credrelay", "aws", "setup", "--json",
                        env={"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})
    assert (refused.status, refused.json["error"]) == (77, "denied")
    arn = f"arn:aws:iam::{ACCOUNT}:user/"
    assert refused.json["hint"] == f"allow iam:GetUser on {arn}{fleet.reader} to {arn}nobody (the environment)"
    assert secret not in refused.out


REFUSED = [
    (["manager"], {}, 64, "credrelay: aws setup: 'manager' is no role\n  say reader or writer\n"),
    (["--kms"], {"CREDRELAY_KMS_KEY_ID": "1234"}, 64,
     "credrelay: aws setup: kms-key-id names a key already: 1234\n  leave --kms out, or set kms-key-id to an alias\n"),
    ([], {"CREDRELAY_READER_PROFILE": "one", "CREDRELAY_WRITER_PROFILE": "one"}, 65,
     "credrelay: aws setup: readers and writers have one profile, one: they would have one user\n"
     "  name one each: reader-profile and writer-profile, and no ?profile= in store\n"),
    ([], {"CREDRELAY_READER_PROFILE": "my reader"}, 65,
     "credrelay: aws setup: 'my reader' cannot be the name of an IAM user\n"
     "  set reader-profile and writer-profile to letters, digits and +=,.@_-, at most 64\n"),
]


@pytest.mark.parametrize("arguments, env, status, said", REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_what_is_refused(fleet, arguments, env, status, said):
    ran = set_up(fleet, *arguments, env=env)
    assert (ran.status, ran.out, ran.err) == (status, "", said)
    assert own(fleet) == {}


# -- ~/.aws/credentials ------------------------------------------------------------------------

ODD = ("# mine; do not touch\r\n"
       "[default]\r\n"
       "   aws_access_key_id=AKIADEFAULT   \r\n"
       "aws_secret_access_key :\tsecret\r\n"
       f"aws_session_token = {'t' * 1200}\r\n"
       "; a comment = with a sign\r\n"
       "\r\n"
       "[other]\r\n"
       "s3 =\r\n"
       "    max_concurrent_requests = 20\r\n"
       "    # nested\r\n"
       "\r\n"
       "    addressing_style = path\r\n"
       "region=eu-west-1\r\n")


def test_other_profiles_stay_to_the_byte(fleet):
    path = fleet.home / ".aws" / "credentials"
    admin = path.read_text().replace("\n", "\r\n")
    for text in (ODD + admin + "# the end, without an end", admin + ODD):
        fleet.store.forget(fleet.reader)
        path.write_bytes(text.encode())
        assert set_up(fleet, "reader").status == 0
        after = path.read_bytes().decode()
        ended = text if text.endswith("\n") else text + "\r\n"
        assert after.startswith(ended)
        (key,) = own(fleet)[fleet.reader]["keys"]
        assert after.removeprefix(ended).startswith(f"\r\n[{fleet.reader}]\r\naws_access_key_id = {key}\r\n")


# -- templates ---------------------------------------------------------------------------------


def template(world, language, *arguments):
    printed = world.run("credrelay", "aws", "template", language, *arguments)
    assert printed.status == 0, printed
    return printed


def test_the_default_key_is_spoken_of(fleet):
    for language in ("cloudformation", "terraform"):
        plain, with_key = template(fleet, language), template(fleet, language, "--kms")
        assert plain.err == WARNING and with_key.err == ""
        assert "lets every principal of the account decrypt" in plain.out
        assert "lets every principal" not in with_key.out


def deploy(world, text, name):
    """Through CloudFormation, as the administrator."""
    lines = credentials(world).split("[admin]\n")[1].splitlines()
    key, secret = (line.split(" = ")[1] for line in lines[:2])
    calls = [{"endpoint": world.store.endpoint, "region": REGION, "key": key, "secret": secret,
              "service": "cloudformation", "operation": operation, "parameters": parameters}
             for operation, parameters in (
                 ("create_stack", {"StackName": name, "TemplateBody": text, "Capabilities": ["CAPABILITY_NAMED_IAM"]}),
                 ("describe_stacks", {"StackName": name}))]
    ran = subprocess.run([os.environ["MOTO_PYTHON"], FAKE / "aws_calls.py"], text=True, check=True, env=world.env,
                         input="".join(json.dumps(c) + "\n" for c in calls), stdout=subprocess.PIPE)
    assert ran.stdout == "ok\nok\n"


@pytest.mark.parametrize("kms_arguments", [(), ("--kms",)], ids=["default key", "own key"])
def test_cloudformation_makes_what_setup_would(fleet, kms, kms_arguments):
    """The stack's users are as they should be for `aws setup`, which only has to give them keys; and
    with those the fleet works."""
    if not kms_arguments:
        del fleet.env["CREDRELAY_KMS_KEY_ID"]
    text = template(fleet, "cloudformation", "--rotate-self", *kms_arguments).out
    deploy(fleet, text, fleet.reader.removesuffix("-reader"))
    users = own(fleet)
    assert list(users) == [fleet.reader, fleet.writer] and not any(u["keys"] for u in users.values())
    given = set_up(fleet, "--rotate-self", *kms_arguments)
    assert given.status == 0, given
    assert [line.rsplit(": ", 1)[1] for line in given.out.splitlines()] == (
        ["is as it should be"] * (2 if kms_arguments else 0) + ["is as it should be", "is as it should be", "made"] * 2)
    fleet.write_login(access="sk-ant-oat01-TEST-1")
    published = fleet.run("credrelay", "publish")
    assert published.status == 0, published
    fleet.login_path.unlink()
    assert fleet.run("credrelay", "pull", env={"CREDRELAY_ROLE": "reader"}).status == 0


def test_cloudformation_of_roles(fleet):
    document = json.loads(template(fleet, "cloudformation", "--roles").out)
    assert {name: r["Type"] for name, r in document["Resources"].items()} == {
        "Reader": "AWS::IAM::Role", "ReaderPolicy": "AWS::IAM::Policy",
        "Writer": "AWS::IAM::Role", "WriterPolicy": "AWS::IAM::Policy"}
    deploy(fleet, json.dumps(document), f"roles-{fleet.reader}")
    refused = fleet.run("credrelay", "aws", "template", "cloudformation", "--roles", "--rotate-self")
    assert (refused.status, refused.err) == (
        64, "credrelay: aws template: roles have no keys of their own to rotate\n")


EVERY_WAY = [(), ("--kms",), ("--rotate-self",), ("--kms", "--rotate-self"), ("--roles",), ("--roles", "--kms")]


def test_cloudformation_is_taken_by_its_linter(fleet, tmp_path):
    linter = Path(os.environ["MOTO_PYTHON"]).with_name("cfn-lint")
    if not linter.exists() or "asan" in os.environ.get("CREDRELAY_BUILD", ""):
        pytest.skip("no cfn-lint here, or it has seen these texts")
    ways = [(), ("--kms", "--rotate-self"), ("--roles", "--kms")]
    paths = [tmp_path / f"template-{n}.json" for n in range(len(ways))]
    for path, arguments in zip(paths, ways):
        path.write_text(template(fleet, "cloudformation", *arguments).out)
    lint = fleet.run(linter, "--regions", REGION, "--non-zero-exit-code", "warning", "--", *paths, timeout=120)
    assert (lint.status, lint.out) == (0, ""), lint


@pytest.mark.parametrize("arguments", EVERY_WAY, ids=" ".join)
def test_terraform_is_as_its_own_formatter_has_it(fleet, arguments):
    """Which parses it first.  (Whether the provider takes it needs the provider, which is not here.)"""
    if not shutil.which("terraform"):
        pytest.skip("no terraform here")
    text = template(fleet, "terraform", *arguments).out
    formatted = fleet.run("terraform", "fmt", "-", input=text, env={"CHECKPOINT_DISABLE": "1"})
    assert formatted.status == 0, formatted
    assert formatted.out == text
    broken = fleet.run("terraform", "fmt", "-", input=text.replace("{", "", 1), env={"CHECKPOINT_DISABLE": "1"})
    assert broken.status != 0, "and so this can fail"


def terraform_policies(text):
    """{role: the policy's text, filled in as Terraform does}"""
    found = {}
    for block in text.split('resource "aws_iam_user_policy" "')[1:]:
        body = block.split("<<-EOT\n")[1].split("\n  EOT\n")[0]
        for word, value in (("${data.aws_partition.current.partition}", "aws"),
                            ("${data.aws_caller_identity.current.account_id}", ACCOUNT), ("$${", "${")):
            body = body.replace(word, value)
        found[block.split('"')[0]] = json.loads(body)
    return found


def test_terraforms_policies_are_those_of_aws_policy(fleet):
    found = terraform_policies(template(fleet, "terraform", "--rotate-self").out)
    for role in ("reader", "writer"):
        printed = fleet.run("credrelay", "aws", "policy", role, "--account", ACCOUNT, "--rotate-self")
        assert found[role] == json.loads(printed.out)


def test_no_such_language(fleet):
    ran = fleet.run("credrelay", "aws", "template", "pulumi")
    assert (ran.status, ran.err) == (64, "credrelay: aws template: 'pulumi' is no language for a template\n"
                                         "  say cloudformation or terraform\n")
