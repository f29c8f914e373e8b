"""The helper that sets up AWS, an operation at a time, against the strict IAM, STS, KMS and SSM."""
import json
import subprocess
import urllib.parse

import pytest

from harness.parameter_store import ACCOUNT, READER, REGION, allow, policy, reader_policy
from harness.world import LIBEXEC


class Admin:
    """Requests signed with one key."""

    def __init__(self, world, store, keys):
        self.world, self.store, self.keys = world, store, keys

    def tell(self, line):
        ran = self.world.run(LIBEXEC / "aws-admin", input=line)
        assert (ran.status, ran.err) == (0, ""), ran
        return ran.json

    def ask(self, op, **fields):
        request = {"credrelay": 1, "op": op, "region": REGION, "endpoint": self.store.endpoint,
                   "sign_id": self.keys[0], "sign_secret": self.keys[1], "deadline_ms": 60_000, **fields}
        return self.tell(json.dumps(request) + "\n")

    def get(self, op, **fields):
        answer = self.ask(op, **fields)
        assert answer.pop("ok"), answer
        return answer

    def refused(self, op, **fields):
        answer = self.ask(op, **fields)
        assert not answer["ok"]
        return answer["error"], answer["message"], answer.get("hint", "")


@pytest.fixture
def admin(world, parameter_store):
    yield Admin(world, parameter_store, parameter_store.user("root", policy(allow("*", "*")), age=3600))
    parameter_store.iam_delay(0)


USER = "aws-admin-test"


@pytest.fixture
def user(parameter_store):
    parameter_store.forget(USER)
    yield USER
    parameter_store.forget(USER)


def test_identity(admin):
    arn = f"arn:aws:iam::{ACCOUNT}:user/root"
    assert admin.get("identity") == {"account": ACCOUNT, "arn": arn, "region": REGION}


def test_keys_of_a_profile_and_the_machines_own(world, parameter_store):
    keys = parameter_store.user("root", policy(allow("*", "*")))
    world.write_aws_profiles(admin=keys)
    asked = {"credrelay": 1, "op": "identity", "endpoint": parameter_store.endpoint}
    for fields, env in (({"profile": "admin", "region": "eu-west-1"}, {}), ({}, {
            "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_REGION": "eu-west-1"})):
        ran = world.run(LIBEXEC / "aws-admin", input=json.dumps({**asked, **fields}) + "\n", env=env)
        assert ran.json["arn"].endswith(":user/root") and ran.json["region"] == "eu-west-1", ran


def test_users_and_policies(admin, parameter_store, user):
    assert admin.refused("get-user", user=user)[0] == "not_found"
    arn = f"arn:aws:iam::{ACCOUNT}:user/{user}"
    assert admin.get("create-user", user=user) == {"arn": arn}
    assert admin.refused("create-user", user=user)[0] == "conflict"
    assert admin.get("get-user", user=user) == {"arn": arn}
    assert admin.refused("get-policy", user=user, policy="p")[0] == "not_found"
    document = json.dumps(reader_policy("/x é%"))
    for _ in range(2):
        assert admin.get("put-policy", user=user, policy="p", document=document) == {}
    got = admin.get("get-policy", user=user, policy="p")["document"]
    assert json.loads(urllib.parse.unquote(got)) == json.loads(document)
    assert parameter_store.users()[user]["policies"] == {"p": json.loads(document)}
    assert admin.refused("put-policy", user=user, policy="p", document="{")[0] == "invalid"


def test_keys(admin, parameter_store, user):
    admin.get("create-user", user=user)
    assert admin.get("list-keys", user=user)["keys"] == []
    made = [admin.get("create-key", user=user) for _ in range(2)]
    assert all(set(one) == {"id", "secret", "created"} for one in made)
    assert admin.refused("create-key", user=user) == (
        "conflict", "CreateAccessKey: one more is one too many: Cannot exceed quota for AccessKeysPerUser: 2", "")
    listed = admin.get("list-keys", user=user)
    assert [key["id"] for key in listed["keys"]] == [one["id"] for one in made]
    assert {key["status"] for key in listed["keys"]} == {"Active"}
    assert all(-1000 <= listed["now"] - key["created"] < 60_000 for key in listed["keys"])
    first, second = (one["id"] for one in made)
    assert admin.get("key-used", id=first) == {"used": 0}
    Admin(admin.world, parameter_store, (first, made[0]["secret"])).get("identity")
    assert admin.get("key-used", id=first)["used"] > made[0]["created"] - 1000
    assert admin.get("set-key", user=user, id=first, status="Inactive") == {}
    assert parameter_store.users()[user]["keys"] == {first: "Inactive", second: "Active"}
    assert admin.get("delete-key", user=user, id=first) == {}
    assert admin.refused("delete-key", user=user, id=first)[0] == "not_found"
    assert list(parameter_store.users()[user]["keys"]) == [second]


def test_a_new_key_is_not_known_at_once(admin, parameter_store, user):
    admin.get("create-user", user=user)
    parameter_store.iam_delay(600)
    key = admin.get("create-key", user=user)
    assert Admin(admin.world, parameter_store, (key["id"], key["secret"])).refused("identity") == (
        "bad_credentials", f"GetCallerIdentity: AWS does not know the access key of {key['id']}: deleted, inactive, or "
        "its session token is wrong", "check the keys: aws sts get-caller-identity")


def test_probe(world, admin, parameter_store):
    reader = Admin(world, parameter_store, parameter_store.profiles()["claude_creds_reader"])
    assert reader.get("probe", name=parameter_store.path) == {"found": False}
    parameter_store.put("a value that nobody needs to see")
    assert reader.get("probe", name=parameter_store.path) == {"found": True}
    assert reader.refused("probe", name=parameter_store.path + ".renewable")[0] == "denied"


@pytest.mark.parametrize("member", [
    "<Status>Active</Status>",
    "<CreateDate>one day in May</CreateDate><Status>Active</Status>",
    "<CreateDate>2026-11-01T00:00:00Z</CreateDate>"])
def test_a_list_of_keys_that_cannot_be_understood(world, fault_server, member):
    """A user's key that is left out would be a key that nothing is known of, or none."""
    server = fault_server("answer", body=(
        "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>AKIATEST</AccessKeyId>"
        f"{member}</member></AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>").encode())
    server.endpoint = server.url
    asked = Admin(world, server, ("AKIATEST", "secret"))
    assert asked.refused("list-keys", user="u") == (
        "failed", "ListAccessKeys: the answer is not what it must be", "")


def test_a_key_in_a_list_that_is_no_key(world, fault_server):
    """It is passed over, as one with another description is."""
    server = fault_server("answer", body=b'{"KeyMetadata":{},"Keys":[{"KeyArn":"arn:aws:kms:x"}]}')
    server.endpoint = server.url
    asked = Admin(world, server, ("AKIATEST", "secret"))
    assert asked.refused("find-kms", alias="alias/x", description="for tests") == (
        "not_found", "there is no key described as 'for tests'", "")


def answering(world, fault_server, *answers):
    """What each request is answered, one after the other: JSON, text, or (status, JSON)."""
    def written(body):
        return body.encode() if isinstance(body, str) else json.dumps(body).encode()

    server = fault_server("answers", answers=[
        (a[0], written(a[1])) if isinstance(a, tuple) else written(a) for a in answers])
    server.endpoint = server.url
    return Admin(world, server, ("AKIATEST", "secret"))


def refusal(kind):
    return "400 Bad Request", {"__type": kind}


def kms_key(key, **more):
    return {"KeyMetadata": {"Arn": f"arn:{key}", "KeyState": "Enabled", "Description": "for tests", **more}}


def page(*keys, **more):
    return {"Keys": [{"KeyId": key} for key in keys], **more}


NO_ALIAS = refusal("NotFoundException")
NONE_SUCH = ("not_found", "there is no key described as 'for tests'", "")
SECOND = {"arn": "arn:k2", "aliased": False}
LISTED = {  # what is answered after the alias was not found; what comes of it
    "on the second page": ([page("k1", Truncated=True, NextMarker="m"), kms_key("k1", Description="of others"),
                            page("k2", Truncated=False), kms_key("k2")], SECOND),
    "after one that we may not look at": ([page("k1", "k2"), refusal("AccessDeniedException"), kms_key("k2")], SECOND),
    "after one that is none": ([page("k1", "k2"), {"KeyMetadata": {"Arn": "arn:k1"}}, kms_key("k2")], SECOND),
    "after one without a description": ([page("k1", "k2"), kms_key("k1", Description=None), kms_key("k2")], SECOND),
    "after one that is to be deleted": ([page("k1", "k2"), kms_key("k1", KeyState="PendingDeletion"), kms_key("k2")],
                                        SECOND),
    "not where looking fails": ([page("k1", "k2"), refusal("ValidationException")], ("invalid",)),
    "not where listing is not allowed": ([refusal("AccessDeniedException")], ("denied",)),
    "nowhere": ([page()], NONE_SUCH),
    "beyond a page that does not say how to go on": ([page(Truncated=True)], NONE_SUCH),
    "beyond a page that names no place to go on from": ([page(Truncated=True, NextMarker="m" * 1100)], NONE_SUCH),
    "beyond more than we look at": ([{"Keys": [{}] * 600, "Truncated": True, "NextMarker": "m"}] * 2, NONE_SUCH),
}


@pytest.mark.parametrize("where", LISTED)
def test_a_key_found_by_its_description(world, fault_server, where):
    answers, found = LISTED[where]
    asked = answering(world, fault_server, NO_ALIAS, *answers)
    if isinstance(found, dict):
        assert asked.get("find-kms", alias="alias/x", description="for tests") == found
    else:
        assert asked.refused("find-kms", alias="alias/x", description="for tests")[:len(found)] == found
    assert len(asked.store.requests) == 1 + len(answers)
    lists = [r for r in asked.store.requests if b"TrentService.ListKeys" in r]
    assert [b'"Marker":"m"' in r for r in lists] == [False, True][:len(lists)]


def test_a_new_key_without_a_name(world, fault_server):
    asked = answering(world, fault_server, {"KeyMetadata": {}})
    assert asked.refused("create-kms", description="x") == (
        "failed", "CreateKey: the answer is not what it must be", "")


def key_in_xml(number):
    return (f"<member><AccessKeyId>AKIA{number}</AccessKeyId><Status>Active</Status>"
            "<CreateDate>2026-11-01T00:00:00Z</CreateDate></member>")


def test_a_list_of_more_keys_than_a_user_has(world, fault_server):
    asked = answering(world, fault_server, f"<ListAccessKeysResponse>{''.join(map(key_in_xml, range(12)))}"
                      "</ListAccessKeysResponse>")
    keys = asked.get("list-keys", user="u")["keys"]
    assert [key["id"] for key in keys] == [f"AKIA{n}" for n in range(8)]


@pytest.mark.parametrize("date, used", [
    ("<LastUsedDate>2026-11-01T00:00:00Z</LastUsedDate>", 1793491200000), ("", 0),
    ("<LastUsedDate>one day in May</LastUsedDate>", None)])
def test_when_a_key_was_used(world, fault_server, date, used):
    """At a time that cannot be read: used, so that nobody deletes it."""
    asked = answering(world, fault_server, f"<GetAccessKeyLastUsedResponse>{date}</GetAccessKeyLastUsedResponse>")
    got = asked.get("key-used", id="AKIATEST")["used"]
    assert got == used if used is not None else got > 1793491200000


@pytest.mark.parametrize("state, hint", [
    ("Disabled", "enable it: aws kms enable-key --key-id arn:aws:kms:x"),
    ("PendingDeletion", "keep it: aws kms cancel-key-deletion --key-id arn:aws:kms:x"),
    ("Creating", "see: aws kms describe-key --key-id arn:aws:kms:x")])
def test_a_key_that_cannot_be_used(world, fault_server, state, hint):
    about = {"Arn": "arn:aws:kms:x", "KeyState": state}
    server = fault_server("answer", body=json.dumps({"KeyMetadata": about}).encode())
    server.endpoint = server.url
    asked = Admin(world, server, ("AKIATEST", "secret"))
    assert asked.refused("find-kms", alias="alias/x") == ("invalid", f"the key alias/x is {state}", hint)


def test_customer_managed_keys(admin):
    alias, description = "alias/test-creds", "the logins of the test"
    names = {"alias": alias, "description": description}
    assert admin.refused("find-kms", **names)[0] == "not_found"
    arn = admin.get("create-kms", description=description)["arn"]
    # as after a crash between the two
    assert admin.get("find-kms", **names) == {"arn": arn, "aliased": False}
    assert admin.refused("find-kms", alias=alias)[0] == "not_found"
    assert admin.get("rotate-kms", key=arn) == {}
    assert admin.get("alias-kms", alias=alias, key=arn) == {}
    assert admin.get("find-kms", **names) == {"arn": arn, "aliased": True}
    assert admin.get("find-kms", alias=arn) == {"arn": arn, "aliased": True}
    assert admin.refused("alias-kms", alias=alias, key=arn)[0] == "conflict"


def test_without_permission(world, parameter_store):
    keys = parameter_store.user(READER, reader_policy(parameter_store.path))
    reader = Admin(world, parameter_store, keys)
    arn = f"arn:aws:iam::{ACCOUNT}:user/{READER}"
    code, message, hint = reader.refused("create-key", user=READER)
    assert code == "denied" and message.startswith("CreateAccessKey: access denied: ")
    assert hint == f"allow iam:CreateAccessKey on {arn} to {arn} ({keys[0]})"
    assert reader.refused("create-kms", description="x")[2] == f"allow kms:CreateKey on * to {arn} ({keys[0]})"


@pytest.mark.parametrize("line, error, message", [
    ("{}\n", "unsupported", "this helper speaks version 1 of the protocol"),
    ('{"credrelay":1,"op":"drop-table"}\n', "unsupported", "no operation called 'drop-table'"),
    ("words\n", "invalid", None),
    ("", "invalid", None),
])
def test_not_a_request(admin, line, error, message):
    answer = admin.tell(line)
    assert answer["error"] == error
    assert message in (None, answer["message"])


def test_keys_that_no_header_can_carry(admin):
    admin.keys = ("AKIA TEST", "secret")
    code, message, _ = admin.refused("identity")
    assert (code, message) == ("bad_credentials", "the keys of the request have white space inside, or more than keys have")


def test_a_member_that_is_missing(admin):
    assert admin.refused("delete-key", user="x") == ("invalid", "delete-key without id", "")


def test_an_answer_that_is_none(admin, parameter_store):
    parameter_store.faults([{"action": "CreateAccessKey", "status": 200, "body": "<html>hello</html>"}])
    assert admin.refused("create-key", user="x") == (
        "failed", "CreateAccessKey: the answer is not what it must be", "")


def test_a_key_is_not_made_twice_when_the_answer_is_lost(admin, parameter_store, user):
    admin.get("create-user", user=user)
    parameter_store.faults([{"action": "CreateAccessKey", "drop": True, "after": True}])
    assert admin.refused("create-key", user=user)[0] == "unreachable"
    assert len(parameter_store.users()[user]["keys"]) == 1
    # what may be repeated is
    parameter_store.faults([{"action": "ListAccessKeys", "drop": True, "after": True}])
    assert len(admin.get("list-keys", user=user)["keys"]) == 1


def test_no_secret_stays_in_memory(world, admin, parameter_store, user, watch_memory):
    """Of the key that signs; the one that is made is not known beforehand."""
    admin.get("create-user", user=user)
    for env in watch_memory(admin.keys[1]):
        request = {"credrelay": 1, "op": "create-key", "user": user, "region": REGION,
                   "endpoint": parameter_store.endpoint, "sign_id": admin.keys[0], "sign_secret": admin.keys[1]}
        process = world.start(LIBEXEC / "aws-admin", env=env, stdin=subprocess.PIPE)
        out, err = process.communicate((json.dumps(request) + "\n").encode(), timeout=60)
        assert json.loads(out)["ok"] and err == b"", (out, err)
