"""The policies that `credrelay aws` prints, put on real users of the strict IAM: each allows what its
role needs and nothing else.  The templates are deployed, or parsed by their own tools."""
import json
import os
import subprocess

import pytest

from harness.parameter_store import ACCOUNT, READER, REGION, WRITER, allow
from harness.parameter_store import policy as iam_policy
from harness.world import FAKE

CONFIG = """[claude]
role = writer
store = {url}
reader-profile = {reader}
writer-profile = {writer}
"""


@pytest.fixture
def fleet(world, parameter_store):
    """A machine whose configuration names the parameter of this test."""
    world.store = parameter_store
    world.configure(CONFIG.format(url=parameter_store.url(), reader=READER, writer=WRITER))
    return world


def policy(world, role, *arguments, **env):
    printed = world.run("credrelay", "aws", "policy", role, "--account", ACCOUNT, *arguments, env=env)
    assert printed.status == 0, printed
    return json.loads(printed.out)


def test_what_is_printed(fleet):
    printed = fleet.run("credrelay", "aws", "policy", "reader", "--account", ACCOUNT)
    assert printed.status == 0
    assert printed.err == (
        "credrelay: warning: the account's default key aws/ssm lets every principal of the account decrypt through "
        "Parameter Store: whoever may get the parameter can read the login. A customer-managed key (kms-key-id) is "
        "the way to real least privilege\n")
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{fleet.store.path}"
    assert printed.out == f"""{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Sid": "ReadTheLogin",
      "Effect": "Allow",
      "Action": "ssm:GetParameter",
      "Resource": "{arn}"
    }},
    {{
      "Sid": "DecryptThroughParameterStore",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "arn:aws:kms:{REGION}:{ACCOUNT}:key/*",
      "Condition": {{
        "StringEquals": {{
          "kms:ViaService": "ssm.{REGION}.amazonaws.com",
          "kms:EncryptionContext:PARAMETER_ARN": "{arn}"
        }}
      }}
    }}
  ]
}}
"""


# -- who may do what ---------------------------------------------------------------------------

# Rows: what is tried, as whom it must be allowed.  r, w: reader, writer; R, W: the same with
# --rotate-self.  {name}s are filled in for each test.
SHARED, RENEWABLE = "{path}", "{path}.renewable"
SSM = [
    ("get_parameter", {"Name": SHARED, "WithDecryption": True}, "rwRW"),
    ("get_parameter", {"Name": SHARED, "WithDecryption": False}, "rwRW"),
    ("get_parameter", {"Name": SHARED + ":1", "WithDecryption": True}, "rwRW"),
    ("get_parameter", {"Name": RENEWABLE, "WithDecryption": True}, "wW"),
    ("get_parameter", {"Name": "{other}", "WithDecryption": True}, ""),
    ("get_parameter", {"Name": SHARED + "X", "WithDecryption": True}, ""),
    ("get_parameter", {"Name": SHARED + "/below", "WithDecryption": True}, ""),
    ("get_parameters", {"Names": [SHARED]}, ""),
    ("get_parameters_by_path", {"Path": "/claude"}, ""),
    ("get_parameter_history", {"Name": SHARED, "WithDecryption": True}, "wW"),
    ("get_parameter_history", {"Name": RENEWABLE, "WithDecryption": True}, "wW"),
    ("get_parameter_history", {"Name": "{other}"}, ""),
    ("put_parameter", {"Name": SHARED, "Value": "v", "Type": "SecureString", "Overwrite": True}, "wW"),
    ("put_parameter", {"Name": RENEWABLE, "Value": "v", "Type": "SecureString", "Overwrite": True}, "wW"),
    ("put_parameter", {"Name": "{other}", "Value": "v", "Type": "SecureString", "Overwrite": True}, ""),
    ("put_parameter", {"Name": SHARED + "X", "Value": "v", "Type": "String"}, ""),
    ("delete_parameter", {"Name": SHARED}, ""),
    ("delete_parameters", {"Names": [SHARED]}, ""),
    ("label_parameter_version", {"Name": SHARED, "Labels": ["x"]}, ""),
    ("describe_parameters", {}, ""),
    ("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": SHARED,
                              "Tags": [{"Key": "a", "Value": "b"}]}, ""),
    ("send_command", {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123456789abcdef0"]}, ""),
]
KMS = [
    ("decrypt", {"CiphertextBlob": "x", "KeyId": "{kms}"}, ""),
    ("encrypt", {"Plaintext": "x", "KeyId": "{kms}"}, ""),
    ("encrypt", {"Plaintext": "x", "KeyId": "{kms}", "EncryptionContext": {"PARAMETER_ARN": "{arn}"}}, ""),
    ("generate_data_key", {"KeyId": "{kms}", "KeySpec": "AES_256"}, ""),
    ("describe_key", {"KeyId": "{kms}"}, ""),
    ("schedule_key_deletion", {"KeyId": "{kms}"}, ""),
    ("create_key", {}, ""),
    ("list_keys", {}, ""),
]
IAM = [
    ("list_access_keys", {"UserName": "{me}"}, "RW"),
    ("list_access_keys", {"UserName": "{them}"}, ""),
    ("get_access_key_last_used", {"AccessKeyId": "{my_key}"}, "RW"),
    ("get_access_key_last_used", {"AccessKeyId": "{their_key}"}, ""),
    ("update_access_key", {"UserName": "{me}", "AccessKeyId": "{my_key}", "Status": "Active"}, "RW"),
    ("update_access_key", {"UserName": "{them}", "AccessKeyId": "{their_key}", "Status": "Inactive"}, ""),
    ("create_access_key", {"UserName": "{me}"}, "RW"),
    ("create_access_key", {"UserName": "{them}"}, ""),
    ("delete_access_key", {"UserName": "{them}", "AccessKeyId": "{their_key}"}, ""),
    ("get_user", {"UserName": "{me}"}, ""),
    ("put_user_policy", {"UserName": "{me}", "PolicyName": "p", "PolicyDocument": "{{}}"}, ""),
    ("attach_user_policy", {"UserName": "{me}", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, ""),
    ("create_user", {"UserName": "another"}, ""),
    ("list_users", {}, ""),
]
STS = [
    ("get_caller_identity", {}, "rwRW"),
    ("assume_role", {"RoleArn": "arn:aws:iam::{account}:role/admin", "RoleSessionName": "test"}, ""),
]
MATRIX = [(service, *row) for service, rows in (("ssm", SSM), ("kms", KMS), ("iam", IAM), ("sts", STS))
          for row in rows]
DENIED = {"AccessDenied", "AccessDeniedException"}


def filled(value, names):
    if isinstance(value, dict):
        return {k: filled(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, names) for v in value]
    return value.format(**names) if isinstance(value, str) else value


def outcomes(world, calls):
    lines = "".join(json.dumps(call) + "\n" for call in calls)
    ran = subprocess.run([os.environ["MOTO_PYTHON"], FAKE / "aws_calls.py"], input=lines, text=True, check=True,
                         stdout=subprocess.PIPE, env=world.env)
    return ran.stdout.split()


@pytest.fixture
def kms_key(parameter_store):
    """{"id", "arn", "alias"} of a customer-managed key."""
    return parameter_store.door("kms", {"region": REGION, "alias": "alias/" + parameter_store.path.split("/")[2]})


@pytest.mark.parametrize("named_by", ["default", "id", "arn", "alias"])
def test_each_role_may_do_what_it_needs_and_nothing_else(fleet, kms_key, named_by):
    """The same whether the parameters are under the account's default key or under one of our own."""
    store = fleet.store
    key = {"default": "alias/aws/ssm"}.get(named_by, kms_key["alias"] if named_by == "alias" else kms_key["id"])
    if named_by != "default":
        fleet.env["CREDRELAY_KMS_KEY_ID"] = kms_key[named_by]
    for path in (store.path, store.path + ".renewable", "/another/parameter"):
        store.put("a login", path=path, kms_key=key)
    actors = {"r": ("reader",), "w": ("writer",)}
    if named_by == "default":  # the two statements have nothing to do with each other
        actors.update(R=("reader", "--rotate-self"), W=("writer", "--rotate-self"))
    keys = {letter: store.user(f"user-{letter}", policy(fleet, *arguments)) for letter, arguments in actors.items()}
    theirs, _ = store.user("somebody-else", iam_policy(allow("sts:GetCallerIdentity", "*")))
    calls, expected = [], []
    for letter, (my_key, secret) in keys.items():
        names = {"path": store.path, "other": "/another/parameter", "kms": kms_key["arn"], "me": f"user-{letter}",
                 "them": "somebody-else", "my_key": my_key, "their_key": theirs, "account": ACCOUNT,
                 "arn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{store.path}"}
        for service, operation, parameters, allowed in MATRIX:
            calls.append({"endpoint": store.endpoint, "region": REGION, "key": my_key, "secret": secret,
                          "service": service, "operation": operation, "parameters": filled(parameters, names)})
            expected.append(letter in allowed)
    got = outcomes(fleet, calls)
    wrong = [(call["key"], call["operation"], call["parameters"], outcome, may)
             for call, outcome, may in zip(calls, got, expected) if (outcome == "ok") != may]
    assert not wrong
    assert {o for o, may in zip(got, expected) if not may} <= DENIED, set(got)
    assert len(got) == len(MATRIX) * len(actors)


def test_a_key_of_ones_own_is_for_these_parameters_alone(fleet, kms_key):
    """Also for who may get others: KMS says no."""
    store = fleet.store
    fleet.env["CREDRELAY_KMS_KEY_ID"] = kms_key["arn"]
    more = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
    for path in (store.path, "/another/parameter"):
        store.put("a login", path=path, kms_key=kms_key["id"])
    for role, renewable in (("reader", False), ("writer", True)):
        document = policy(fleet, role)
        document["Statement"].append(more)
        key, secret = store.user(f"{role}-and-more", document)
        store.put("full", path=store.path + ".renewable", kms_key=kms_key["id"])
        calls = [{"endpoint": store.endpoint, "region": REGION, "key": key, "secret": secret, "service": "ssm",
                  "operation": "get_parameter", "parameters": {"Name": name, "WithDecryption": True}}
                 for name in (store.path, store.path + ".renewable", "/another/parameter")]
        assert [o == "ok" for o in outcomes(fleet, calls)] == [True, renewable, False], role


def test_without_the_kms_statement_a_key_of_ones_own_is_closed(fleet, kms_key):
    """And so the tests above can fail."""
    store = fleet.store
    store.put("a login", kms_key=kms_key["id"])
    document = policy(fleet, "reader")
    del document["Statement"][1]
    key, secret = store.user("without-kms", document)
    call = {"endpoint": store.endpoint, "region": REGION, "key": key, "secret": secret, "service": "ssm",
            "operation": "get_parameter", "parameters": {"Name": store.path, "WithDecryption": True}}
    assert outcomes(fleet, [call]) == ["AccessDeniedException"]


def test_another_region_and_another_account_are_other_policies(fleet):
    store = fleet.store
    fleet.env["CREDRELAY_STORE"] = store.url(region="cn-north-1")
    document = json.dumps(policy(fleet, "writer", "--rotate-self"))
    assert f"arn:aws-cn:ssm:cn-north-1:{ACCOUNT}:parameter{store.path}" in document
    assert "arn:aws-cn:iam::" in document and "us-west-2" not in document and "arn:aws:" not in document
    fleet.env["CREDRELAY_STORE"] = store.url(region="us-gov-west-1")
    assert "arn:aws-us-gov:ssm:us-gov-west-1:" in json.dumps(policy(fleet, "reader"))


# -- whose account -----------------------------------------------------------------------------


def test_the_account_is_asked_of_aws(fleet):
    store = fleet.store
    assert fleet.run("credrelay", "aws", "policy", "reader").status == 77
    # by the role's own profile
    fleet.write_aws_profiles(**store.profiles())
    printed = fleet.run("credrelay", "aws", "policy", "reader", "--json")
    assert printed.status == 0, printed
    said = printed.json
    assert (said["account"], said["region"], said["user"], said["role"]) == (ACCOUNT, REGION, READER, "reader")
    assert said["policy"] == policy(fleet, "reader") and "default key" in said["warning"]
    # by the machine's own keys, when there is no such profile yet
    (fleet.home / ".aws" / "credentials").unlink()
    key, secret = store.profiles()["claude_creds_writer"]
    by_environment = fleet.run("credrelay", "aws", "policy", "reader",
                               env={"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})
    assert json.loads(by_environment.out) == said["policy"]


REFUSED = [  # arguments, environment, exit status, what is said
    (["manager"], {}, 64, "credrelay: aws policy: 'manager' is no role\n  say reader or writer\n"),
    ([], {}, 64, "credrelay aws policy: an argument is missing: reader|writer\n  see: credrelay aws policy --help\n"),
    (["reader", "--account", "12345"], {}, 64,
     "credrelay: aws policy: '12345' is not the number of an AWS account\n  it has 12 digits\n"),
    (["reader", "--account"], {}, 64,
     "credrelay aws policy: an argument is missing: --account\n  see: credrelay aws policy --help\n"),
    (["reader", "--rotate-self=1"], {}, 64,
     "credrelay aws policy: no such option: --rotate-self=1\n  see: credrelay aws policy --help\n"),
    (["reader"], {}, 77, "credrelay: aws policy: AWS: no AWS keys: neither in the environment nor in "
     "~/.aws/credentials\n  say whose it is: --account 123456789012\n"),
    (["reader", "--account", ACCOUNT], {"CREDRELAY_STORE": "local:"}, 69,
     "credrelay: aws policy: the store of relay claude is local:, not AWS Parameter Store\n"
     "  write store = ssm://REGION/NAME in its section of credrelay.conf\n"),
    (["reader", "--account", ACCOUNT], {"CREDRELAY_STORE": "ssm:///x"}, 65,
     "credrelay: aws policy: no AWS region: neither in the store's URL nor in AWS_REGION\n"
     "  write the store as ssm://us-west-2/NAME\n"),
    (["reader", "--account", ACCOUNT], {"CREDRELAY_STORE": "ssm://us-west-2/x*"}, 65,
     "credrelay: aws policy: '/x*' cannot be the name of a parameter\n"),
]


@pytest.mark.parametrize("arguments, env, status, said", REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_what_is_refused(fleet, arguments, env, status, said):
    ran = fleet.run("credrelay", "aws", "policy", *arguments, env=env)
    assert (ran.status, ran.out, ran.err) == (status, "", said)


def test_no_such_command(world):
    ran = world.run("credrelay", "aws", "frobnicate")
    assert (ran.status, ran.err) == (64, "credrelay aws: no such command: frobnicate\n  see: credrelay aws --help\n")
    assert world.run("credrelay", "aws", "--help").status == 0
    assert "aws rotate-key" in world.run("credrelay", "aws", "--help").out
