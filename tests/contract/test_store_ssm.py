"""store-ssm against the strict Parameter Store: permissions, errors, retries, clocks, limits."""
import json
import os
import re
import subprocess
import time

import pytest

from harness.parameter_store import (ACCOUNT, READER, WRITER, allow, allow_kms, parameter_arn, policy,
                                     reader_policy, writer_policy)
from harness.store_machine import PROFILES, VALUE, Machine, error

ALLOW_KEYS = "check the keys: aws sts get-caller-identity --profile "


def arn_of(user):
    return f"arn:aws:iam::{ACCOUNT}:user/{user}"


# -- the good day ------------------------------------------------------------------------------


def test_put_then_get(machine, parameter_store):
    began = time.time()
    assert machine.put() == {"ok": True, "version": 1}
    assert machine.put(VALUE + " ", expect=1) == {"ok": True, "version": 2}
    stored = parameter_store.get()
    assert (stored["type"], stored["tier"], stored["value"]) == ("SecureString", "Standard", VALUE + " ")
    got = machine.get(role="reader")
    assert began - 1 < got.pop("modified") / 1000 < time.time() + 1
    assert got == {"ok": True, "version": 2, "by": "", "value": VALUE + " "}
    assert machine.get(role="reader", version=1)["value"] == VALUE
    assert parameter_store.actions() == [
        ("PutParameter", 200), ("PutParameter", 200), ("GetParameter", 200), ("GetParameter", 200)]


def test_each_role_uses_its_own_key(machine, parameter_store):
    machine.put()
    machine.get(role="reader")
    keys = {name: key for name, (key, _) in parameter_store.profiles().items()}
    assert [(r["action"], r["key"]) for r in parameter_store.log()] == [
        ("PutParameter", keys["claude_creds_writer"]), ("GetParameter", keys["claude_creds_reader"])]


def test_the_renewable_value_is_a_parameter_beside_it(machine, parameter_store):
    path = parameter_store.path + ".renewable"
    assert machine.put(path=path)["version"] == 1
    assert machine.get(path=path)["value"] == VALUE
    assert error(machine.get(path=path, role="reader"))[0] == "denied"


def test_history_is_newest_first_and_whole(machine, parameter_store):
    for n in range(1, 61):
        parameter_store.put(f"value {n}")
    answer = machine.call("history")
    assert [v["version"] for v in answer["versions"]] == list(range(60, 0, -1))
    assert [v["value"] for v in answer["versions"][:2]] == ["value 60", "value 59"]
    assert parameter_store.actions() == [("GetParameterHistory", 200)] * 2
    assert len(machine.call("history", limit=3)["versions"]) == 3


def test_wait_is_unsupported(machine):
    assert error(machine.call("wait", version=1)) == ("unsupported", "this store cannot wait", "")


# -- what is not there, what is there already ---------------------------------------------------


def test_not_there(machine, parameter_store):
    assert error(machine.get(role="reader")) == (
        "not_found",
        f"GetParameter: there is no parameter {parameter_store.path} in us-west-2",
        "publish from a writer first: credrelay publish")


def test_a_version_that_is_not_there(machine, parameter_store):
    machine.put()
    assert error(machine.get(version=7)) == (
        "not_found",
        f"GetParameter: parameter {parameter_store.path} in us-west-2 has no such version",
        f"see which there are: aws ssm get-parameter-history --name {parameter_store.path}")


def test_a_first_put_finds_the_parameter_there(machine, parameter_store):
    parameter_store.put("another machine's")
    assert error(machine.put()) == (
        "conflict", f"PutParameter: parameter {parameter_store.path} exists in us-west-2 by now", "")
    assert parameter_store.get()["value"] == "another machine's"


def test_a_raced_put_is_told(machine, parameter_store):
    for n in range(3):
        parameter_store.put(f"another machine's {n}")
    assert machine.put(expect=1) == {"ok": True, "version": 4, "raced": True}
    assert machine.put(expect=4) == {"ok": True, "version": 5}


# -- least privilege ----------------------------------------------------------------------------


def test_a_reader_does_not_put_before_any_request(machine, parameter_store):
    assert error(machine.put(role="reader")) == (
        "denied", "this machine is a reader: only writers put",
        "set role = writer and writer-profile in credrelay.conf, if it should")
    assert parameter_store.log() == []


def test_a_readers_key_cannot_put(machine, parameter_store):
    arn = parameter_arn(parameter_store.path)
    assert error(machine.put(options={"writer-profile": READER})) == (
        "denied",
        f"PutParameter: access denied: User: {arn_of(READER)} is not authorized to perform: "
        f"ssm:PutParameter on resource: {arn} because no identity-based policy allows the "
        "ssm:PutParameter action",
        f"allow ssm:PutParameter on {arn} to {arn_of(READER)} (profile {READER})")
    assert parameter_store.actions() == [("PutParameter", 400)]


def test_a_readers_key_reads_no_other_parameter(machine, parameter_store):
    parameter_store.put("theirs", path="/other/login")
    code, _, hint = error(machine.get(role="reader", path="/other/login"))
    assert (code, hint) == (
        "denied", f"allow ssm:GetParameter on {parameter_arn('/other/login')} to {arn_of(READER)} "
                  f"(profile {READER})")


def test_the_requests_literal_policy(world, parameter_store):
    parameter_store.profiles(literal=True)
    machine = Machine(world, parameter_store)
    assert machine.put()["ok"] and machine.get()["ok"] and machine.get(role="reader")["ok"]
    assert error(machine.put(path=parameter_store.path + ".renewable"))[0] == "denied"


def test_history_needs_its_own_permission(world, parameter_store):
    parameter_store.profiles(literal=True)
    machine = Machine(world, parameter_store)
    assert error(machine.call("history"))[2] == (
        f"allow ssm:GetParameterHistory on {parameter_arn(parameter_store.path)} to "
        f"{arn_of(WRITER)} (profile {WRITER})")


def test_an_explicit_deny(machine, parameter_store):
    deny = {"Effect": "Deny", "Action": "ssm:*", "Resource": "*"}
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(
        WRITER, policy(allow("ssm:*", "*"), deny)))
    code, message, _ = error(machine.get())
    assert code == "denied"
    assert message.endswith("with an explicit deny in an identity-based policy")


# -- a customer's KMS key -----------------------------------------------------------------------

KMS_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
KMS_ARN = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/{KMS_KEY}"
KMS_REFUSES = (
    "KMS denied access to the parameter's key: The ciphertext refers to a customer master key that does "
    "not exist, does not exist in this region, or you are not allowed to access. (Service: AWSKMS; "
    "Status Code: 400; Error Code: AccessDeniedException)")


@pytest.mark.parametrize("op, action, tier", [
    ("get", "kms:Decrypt", None), ("put", "kms:Encrypt", None), ("put", "kms:GenerateDataKey", "Advanced")])
def test_a_customer_key_that_is_not_allowed(machine, parameter_store, op, action, tier):
    parameter_store.put("x", kms_key=KMS_KEY, tier=tier or "Standard")
    actions = ["ssm:GetParameter", "ssm:PutParameter"]
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(
        WRITER, policy(allow(actions, parameter_arn(parameter_store.path)))))
    more = {"options": {**PROFILES, **({"tier": tier} if tier else {})}}
    answer = machine.get(**more) if op == "get" else machine.put(expect=1, **more)
    name = {"get": "GetParameter", "put": "PutParameter"}[op]
    assert error(answer) == (
        "denied", f"{name}: {KMS_REFUSES}",
        f"allow {action} on the parameter's KMS key (kms:ViaService ssm.us-west-2.amazonaws.com) to the "
        f"user of profile {WRITER}, in its policy and the key's")


def test_a_customer_key_that_is_allowed(machine, parameter_store):
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(WRITER, policy(
        allow(["ssm:GetParameter", "ssm:PutParameter"], parameter_arn(parameter_store.path)),
        allow_kms(["kms:Encrypt", "kms:Decrypt"], KMS_ARN))))
    assert machine.put(options={**PROFILES, "kms-key-id": KMS_KEY}) == {"ok": True, "version": 1}
    assert parameter_store.get()["kms_key"] == KMS_KEY
    assert machine.get()["value"] == VALUE


# -- keys that are no good ----------------------------------------------------------------------


def test_a_wrong_secret(machine, parameter_store):
    key, _ = parameter_store.profiles()["claude_creds_writer"]
    machine.world.write_aws_profiles(claude_creds_writer=(key, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
    assert error(machine.get()) == (
        "bad_credentials",
        f"GetParameter: the secret key of profile {WRITER} does not belong to its access key",
        f"enter both again: aws configure --profile {WRITER}")
    assert parameter_store.actions() == [("GetParameter", 400)]  # not tried again


UNKNOWN = (
    "bad_credentials",
    f"GetParameter: AWS does not know the access key of profile {WRITER}: deleted, inactive, or its "
    "session token is wrong", ALLOW_KEYS + WRITER)


def test_an_unknown_key(machine):
    machine.world.write_aws_profiles(claude_creds_writer=("AKIAIOSFODNN7EXAMPLE", "x" * 40))
    assert error(machine.get()) == UNKNOWN


def test_an_inactive_key(machine, parameter_store):
    machine.put()
    parameter_store.set_key(parameter_store.profiles()["claude_creds_writer"][0], active=False)
    assert error(machine.get()) == UNKNOWN


def test_a_new_key_that_is_not_known_yet(machine, parameter_store):
    parameter_store.put(VALUE)
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(WRITER, policy(allow("ssm:*", "*"))))
    parameter_store.iam_delay(3600)
    assert error(machine.get()) == UNKNOWN
    parameter_store.iam_delay(0)
    assert machine.get()["value"] == VALUE


@pytest.mark.parametrize("token, expired, message", [
    ("right", False, None), ("wrong", False, UNKNOWN[1]), ("none", False, UNKNOWN[1]),
    ("right", True, "GetParameter: the temporary keys of the environment have expired")])
def test_session_tokens(machine, parameter_store, token, expired, message):
    parameter_store.put(VALUE)
    keys = parameter_store.session(parameter_store.role("role-token", policy(allow("ssm:*", "*"))))
    env = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
           "AWS_SESSION_TOKEN": {"right": keys["Token"], "wrong": keys["Token"][:-1] + "x", "none": ""}[token]}
    if expired:
        parameter_store.expire(keys["AccessKeyId"])
    answer = machine.get(options={}, env=env)
    if not message:
        assert answer["value"] == VALUE
    else:
        assert error(answer)[:2] == ("bad_credentials", message.replace(f"profile {WRITER}", "the environment"))


def test_expired_temporary_keys(machine, parameter_store):
    parameter_store.faults([{"action": "GetParameter", "status": 400, "type": "ExpiredTokenException",
                             "message": "The security token included in the request is expired"}])
    assert error(machine.get()) == (
        "bad_credentials", f"GetParameter: the temporary keys of profile {WRITER} have expired",
        "get new ones (aws sso login, aws sts assume-role), or use keys that last")


# -- the clock ----------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-3600, -400, 301, 3600])
def test_a_wrong_clock_is_corrected_once(machine, parameter_store, offset):
    """AWS allows 300 s.  A request may be under way for some: what is signed ahead of its time ripens."""
    parameter_store.put(VALUE)
    parameter_store.clock(offset)
    assert machine.get()["value"] == VALUE
    assert parameter_store.actions() == [("GetParameter", 400), ("GetParameter", 200)]
    assert machine.put(expect=1)["version"] == 2


def test_a_clock_that_cannot_be_corrected(machine, parameter_store):
    """The Date says nothing is wrong, and AWS still refuses: one answer, no loop."""
    parameter_store.faults([{
        "action": "GetParameter", "times": 9, "status": 400, "type": "InvalidSignatureException",
        "message": "Signature expired: 20261124T000000Z is now earlier than 20261124T010000Z "
                   "(20261124T010500Z - 5 min.)"}])
    assert error(machine.get()) == (
        "failed", "GetParameter: this machine's clock is wrong",
        "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)")
    assert len(parameter_store.log()) == 1


# -- trying again -------------------------------------------------------------------------------

THROTTLE = {"action": "GetParameter", "status": 400, "type": "ThrottlingException",
            "message": "Rate exceeded", "headers": [["x-amz-retry-after", "10"]]}
FAILURE = {"action": "GetParameter", "status": 500, "type": "InternalServerError"}


def test_throttled_then_fine(machine, parameter_store):
    parameter_store.put(VALUE)
    parameter_store.faults([{**THROTTLE, "times": 2}])
    assert machine.get()["value"] == VALUE
    assert [status for _, status in parameter_store.actions()] == [400, 400, 200]


def test_a_throttle_storm_ends(machine, parameter_store):
    parameter_store.faults([{**THROTTLE, "times": 99}])
    answer = machine.get()
    assert error(answer) == (
        "throttled", "GetParameter: us-west-2 throttles this account's requests",
        "other programs share the limit (40 gets, 3 puts a second); raise it: aws ssm "
        "update-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled "
        "--setting-value true")
    assert answer["retry_after_ms"] == 10
    assert len(parameter_store.log()) == 3
    assert machine.seconds < 30


def test_the_number_of_attempts_is_the_machines(machine, parameter_store):
    parameter_store.faults([{**FAILURE, "times": 99}])
    assert error(machine.get(env={"AWS_MAX_ATTEMPTS": "5"}))[0] == "unreachable"
    assert len(parameter_store.log()) == 5


def test_internal_errors_then_fine(machine, parameter_store):
    parameter_store.put(VALUE)
    parameter_store.faults([{**FAILURE, "times": 2}])
    assert machine.get()["value"] == VALUE


def test_too_many_updates(machine, parameter_store):
    """AWS sends this one without any message."""
    parameter_store.faults([{"action": "PutParameter", "times": 1, "status": 400, "type": "TooManyUpdates"}])
    assert machine.put() == {"ok": True, "version": 1}
    parameter_store.faults([{"action": "PutParameter", "times": 9, "status": 400, "type": "TooManyUpdates"}])
    assert error(machine.put(expect=1)) == (
        "throttled", f"PutParameter: several machines are changing {parameter_store.path} at once", "")
    assert len(parameter_store.get()) and parameter_store.get()["version"] == 1


# -- a put whose answer is lost -----------------------------------------------------------------


@pytest.mark.parametrize("fault", [
    pytest.param({"delay": 30}, id="timeout"),
    pytest.param({"drop": True}, id="dropped"),
    pytest.param({"status": 500, "type": "InternalServerError"}, id="500"),
    pytest.param({"status": 200, "body": "<html>proxy</html>"}, id="garbled")])
@pytest.mark.parametrize("expect", [0, 1])
def test_a_put_that_was_carried_out_is_not_put_twice(machine, parameter_store, fault, expect):
    if expect:
        parameter_store.put("before")
    parameter_store.faults([{"action": "PutParameter", "after": True, **fault}])
    deadline_ms = 6000 if "delay" in fault else 60_000  # two thirds of which the put may take
    assert machine.put(expect=expect, deadline_ms=deadline_ms) == {"ok": True, "version": expect + 1}
    assert [v["value"] for v in parameter_store.history()] == ["before"] * expect + [VALUE]
    assert parameter_store.actions()[0 if "delay" in fault else 1][0] == "GetParameter"


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 500, "type": "InternalServerError"}])
@pytest.mark.parametrize("expect", [0, 1])
def test_a_put_that_was_not_carried_out_is_put_again(machine, parameter_store, fault, expect):
    if expect:
        parameter_store.put("before")
    parameter_store.faults([{"action": "PutParameter", **fault}])
    assert machine.put(expect=expect) == {"ok": True, "version": expect + 1}
    assert [a for a, _ in parameter_store.actions()] == ["PutParameter", "GetParameter", "PutParameter"]


def test_a_lost_put_that_was_overtaken(machine, parameter_store):
    parameter_store.put("before")
    parameter_store.put("another machine's")
    parameter_store.faults([{"action": "PutParameter", "drop": True}])
    assert error(machine.put(expect=1)) == (
        "conflict", f"{parameter_store.path} changed meanwhile: version 1 was expected, 2 is there", "")
    assert parameter_store.get()["value"] == "another machine's"


def test_a_lost_put_that_cannot_be_looked_up(machine, parameter_store):
    parameter_store.faults([{"action": "*", "times": 99, "drop": True}])
    host = parameter_store.endpoint.removeprefix("http://")
    assert error(machine.put()) == (
        "unreachable", f"PutParameter: {host} closed the connection before it had answered",
        "whether the value was stored is not known; see: credrelay pull --dry-run")
    assert [a for a, _ in parameter_store.actions()].count("PutParameter") == 1


# -- sizes --------------------------------------------------------------------------------------


def test_the_largest_value(machine):
    assert machine.put("é" * 4096)["version"] == 1
    assert machine.get()["value"] == "é" * 4096


def test_larger_than_the_tier_said_before_the_call(machine, parameter_store):
    assert error(machine.put("x" * 4097, options={**PROFILES, "tier": "Standard"})) == (
        "too_large", "the value has 4097 characters; Parameter Store takes 4096 in the Standard tier",
        "set tier = intelligent for this store (8192 characters; about 0.05 USD a month)")
    assert error(machine.put("x" * 8193)) == (
        "too_large", "the value has 8193 characters; Parameter Store takes 8192",
        "leave things out, or use another store")
    assert parameter_store.log() == []


def test_larger_than_the_accounts_tier_is_awss_to_say(machine, parameter_store):
    assert error(machine.put("x" * 4097)) == (
        "too_large",
        f"PutParameter: the value is longer than parameter {parameter_store.path} takes",
        "set tier = intelligent for this store (8192 characters; about 0.05 USD a month), or shorten it")


@pytest.mark.parametrize("tier, sent", [
    ("advanced", "Advanced"), ("Advanced", "Advanced"), ("STANDARD", "Standard"),
    ("intelligent", "Intelligent-Tiering"), ("Intelligent-Tiering", "Intelligent-Tiering")])
def test_the_tier(machine, parameter_store, tier, sent):
    size = 4096 if sent == "Standard" else 8192
    assert machine.put("x" * size, options={**PROFILES, "tier": tier}) == {"ok": True, "version": 1}
    assert parameter_store.get()["tier"] == sent


def test_a_tier_that_is_none(machine, parameter_store):
    assert error(machine.put(options={**PROFILES, "tier": "gold"})) == (
        "invalid", "there is no tier 'gold'", "set tier = standard, advanced or intelligent")
    assert parameter_store.log() == []


def test_a_label_on_the_oldest_of_a_hundred_versions(machine, parameter_store):
    for n in range(100):
        parameter_store.put(f"value {n}")
    parameter_store.label("keep", 1)
    path = parameter_store.path
    assert error(machine.put(expect=100)) == (
        "failed", f"PutParameter: the oldest of the 100 versions of {path} carries a label and cannot make room",
        f"move its label to the newest version: aws ssm label-parameter-version --profile {WRITER} --region "
        f"us-west-2 --name {path} --labels LABEL")


def test_puts_of_one_process_keep_the_pace(machine, parameter_store):
    """Three a second are all that AWS takes of an account."""
    parameter_store.faults([{"action": "PutParameter", "drop": True}])
    assert machine.put()["version"] == 1
    first, _, second = (entry["at"] for entry in parameter_store.log())
    assert second - first > 0.3


def service_errors():
    """(operation, code) of every error that AWS's own description of the service has."""
    program = ("import botocore.session as b, json\n"
               "model = b.Session().get_service_model('ssm')\n"
               "print(json.dumps([(o, e.name) for o in ('GetParameter', 'PutParameter', 'GetParameterHistory')\n"
               "                  for e in model.operation_model(o).error_shapes]))")
    return json.loads(subprocess.run([os.environ["MOTO_PYTHON"], "-c", program], check=True,
                                     stdout=subprocess.PIPE, env={"HOME": os.environ["HOME"]}).stdout)


def test_every_error_of_the_service_is_known(machine, parameter_store):
    """None falls through to the row for errors nobody knows, which shows the code."""
    ops = {"GetParameter": machine.get, "PutParameter": machine.put,
           "GetParameterHistory": lambda: machine.call("history")}
    wrong = []
    for action, code in service_errors():
        parameter_store.faults([{"action": action, "times": 9, "status": 400, "type": code,
                                 "message": "AWS's own words", "headers": [["x-amz-retry-after", "1"]]}])
        answer, sentence, _ = error(ops[action]())
        if code in sentence or not sentence.startswith(action + ": "):
            wrong.append((action, code, answer, sentence))
    assert not wrong


NO_VALUE = "GetParameter: the answer has no version and value of a parameter"


@pytest.mark.parametrize("body", [
    {}, {"Parameter": {}}, {"Parameter": {"Version": 0, "Value": "x"}}, {"Parameter": {"Version": 1}},
    {"Parameter": {"Version": 1, "Value": 7}}], ids=json.dumps)
def test_an_answer_without_a_value(machine, parameter_store, fault_server, body):
    server = fault_server("answer", body=json.dumps(body).encode())
    assert error(machine.get(url=parameter_store.url(endpoint=server.url))) == ("failed", NO_VALUE, "")


def pages(fault_server, store, *answers):
    server = fault_server("answers", answers=[json.dumps(a).encode() for a in answers])
    return server, store.url(endpoint=server.url)


def version(number):
    return {"Version": number, "Value": f"value {number}"}


def test_a_history_with_something_else_in_it(machine, parameter_store, fault_server):
    server, url = pages(fault_server, parameter_store, {"Parameters": [version(2), {"Version": 1}]})
    assert error(machine.call("history", url=url)) == ("failed", NO_VALUE, "")


def test_a_history_that_never_ends(machine, parameter_store, fault_server):
    """An empty page is not the last one; a hundred of them are."""
    server, url = pages(fault_server, parameter_store, {"Parameters": [version(3)], "NextToken": "t"},
                        *[{"Parameters": [], "NextToken": "t"}] * 200)
    assert [v["version"] for v in machine.call("history", url=url)["versions"]] == [3]
    assert [b'"NextToken":"t"' in r for r in server.requests] == [False] + [True] * 99


def test_a_name_that_no_parameter_has(machine, parameter_store):
    assert error(machine.get(path="/" + "x" * 2048)) == (
        "invalid", "the parameter's name is longer than 2048 characters", "")
    assert parameter_store.log() == []


def test_a_lost_put_whose_parameter_is_gone(machine, parameter_store):
    """Deleted while we put a second version: whether ours came before that is not known."""
    parameter_store.faults([{"action": "PutParameter", "drop": True}])
    code, _, hint = error(machine.put(expect=1))
    assert (code, hint) == (
        "unreachable", "whether the value was stored is not known; see: credrelay pull --dry-run")
    assert parameter_store.actions() == [("PutParameter", "dropped"), ("GetParameter", 400)]


@pytest.mark.parametrize("value, action", [(VALUE, "kms:Encrypt"), ("x" * 4097, "kms:GenerateDataKey")],
                         ids=["fits into the Standard tier", "does not"])
def test_what_intelligent_tiering_encrypts_with(machine, parameter_store, value, action):
    """The key that a value meets depends on its size."""
    parameter_store.faults([{"action": "PutParameter", "status": 400, "type": "AccessDeniedException",
                             "message": KMS_REFUSES}])
    answer = machine.put(value, options={**PROFILES, "tier": "intelligent"})
    assert error(answer)[2].startswith(f"allow {action} on the parameter's KMS key ")


@pytest.mark.parametrize("header", ["soon", "-1", "7 minutes", ""])
def test_a_time_to_wait_that_cannot_be_read(machine, parameter_store, header):
    """Then as long as usual."""
    parameter_store.put(VALUE)
    parameter_store.faults([{"action": "GetParameter", "status": 400, "type": "ThrottlingException",
                             "headers": [["x-amz-retry-after", header]]}])
    assert machine.get()["value"] == VALUE
    assert parameter_store.actions() == [("GetParameter", 400), ("GetParameter", 200)]


# -- proxies -----------------------------------------------------------------------------------


def test_through_a_proxy(machine, parameter_store, fault_server):
    proxy = fault_server("answer", body=b'{"Parameter":{"Version":3,"Value":"by proxy"}}')
    got = machine.get(url=parameter_store.url(endpoint="http://ssm.example.com"), env={"http_proxy": proxy.url})
    assert (got["version"], got["value"]) == (3, "by proxy")
    assert proxy.requests[0].startswith(b"POST http://ssm.example.com/ HTTP/1.1\r\n")


def test_signatures_survive_a_proxy(machine, parameter_store, proxy):
    parameter_store.put(VALUE)
    p = proxy()
    assert machine.get(env={"http_proxy": p.url})["value"] == VALUE
    assert p.asked == [f"POST {parameter_store.endpoint}/ HTTP/1.1".encode()]


PROXIED = {
    # variables, with PROXY for the proxy: does the request go through it?
    "HTTPS_PROXY": ({"HTTPS_PROXY": "PROXY"}, True),
    "https_proxy": ({"https_proxy": "PROXY"}, True),
    "ALL_PROXY": ({"ALL_PROXY": "PROXY"}, True),
    "http_proxy is for http": ({"http_proxy": "PROXY"}, False),
    "NO_PROXY": ({"HTTPS_PROXY": "PROXY", "NO_PROXY": "other.example,127.0.0.1"}, False),
    "no_proxy": ({"HTTPS_PROXY": "PROXY", "no_proxy": "*"}, False),
    "NO_PROXY of others": ({"HTTPS_PROXY": "PROXY", "NO_PROXY": "other.example"}, True),
}


@pytest.mark.parametrize("name", PROXIED)
def test_https_through_a_proxy(machine, parameter_store, fault_server, certificates, proxy, name):
    """The tunnel's far end is verified with the bundle that is set, here the profile's."""
    variables, through = PROXIED[name]
    body = json.dumps({"Parameter": {"Version": 3, "Value": VALUE}}).encode()
    server, p = fault_server("answer", body=body, tls=certificates.good), proxy()
    (machine.world.home / ".aws" / "config").write_text(
        f"[profile {WRITER}]\nca_bundle = {certificates.authority}\n")
    env = {k: v.replace("PROXY", p.url) for k, v in variables.items()}
    assert machine.get(url=parameter_store.url(endpoint=server.url), env=env)["version"] == 3
    assert p.asked == [b"CONNECT " + server.url.removeprefix("https://").encode() + b" HTTP/1.1"] * through


def test_a_proxy_that_wants_a_password(machine, parameter_store, fault_server, certificates, proxy):
    body = json.dumps({"Parameter": {"Version": 3, "Value": VALUE}}).encode()
    server, p = fault_server("answer", body=body, tls=certificates.good), proxy(authorization="Basic dXNlcjpwdw==")
    url = parameter_store.url(endpoint=server.url)
    env = {"AWS_CA_BUNDLE": str(certificates.authority), "HTTPS_PROXY": p.url.replace("//", "//user:pw@")}
    assert machine.get(url=url, env=env)["version"] == 3
    answer = machine.get(url=url, env={**env, "HTTPS_PROXY": p.url.replace("//", "//user:wrong@")})
    assert error(answer) == (
        "unreachable", f"GetParameter: the proxy refused a connection to {server.url.removeprefix('https://')} "
                       "(status 407)", "check the https_proxy variable and its user and password")


# -- memory -------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["get", "put", "put after a lost answer", "history", "check", "denied"])
@pytest.mark.parametrize("marker", ["the value", "the secret key", "the session token"])
def test_no_secret_is_left_in_memory(machine, parameter_store, watch_memory, op, marker):
    token = "TESTTOKEN" * 200
    key, secret = parameter_store.profiles()["claude_creds_writer"]
    parameter_store.put(VALUE)
    if op == "denied":
        secret = "wrong" + secret
    marked = {"the value": "sk-ant-oat01", "the secret key": secret, "the session token": token[:90]}[marker]
    credentials = machine.world.home / ".aws" / "credentials"
    credentials.write_text(f"[w]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    if marker == "the session token":  # nobody takes it, but it goes all the way
        credentials.write_text(credentials.read_text() + f"aws_session_token = {token}\n")
    more = {"value": VALUE, "expect": 1} if op.startswith("put") else {}
    for env in watch_memory(marked):
        if op == "put after a lost answer":
            parameter_store.faults([{"action": "PutParameter", "drop": True}])
        answer = machine.call({"denied": "get"}.get(op, op.split()[0]), env=env,  # asserts a silent stderr
                              options={"writer-profile": "w"}, **more)
        assert answer["ok"] == (marker != "the session token" and op != "denied" or op == "check")
        more["expect"] = 2


@pytest.mark.parametrize("op", ["get", "put"])
@pytest.mark.parametrize("marker", ["sk-ant-oat01", "wJalrXUtnFEMI/K7MDENG"])
def test_no_secret_is_left_in_memory_over_tls(machine, parameter_store, watch_memory, fault_server,
                                              certificates, op, marker):
    body = json.dumps({"Version": 1, "Parameter": {"Version": 1, "Value": VALUE}}).encode()
    server = fault_server("answer", body=body, tls=certificates.good)
    machine.world.write_aws_profiles(claude_creds_writer=("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/b"))
    more = {"value": VALUE, "expect": 0} if op == "put" else {}
    for env in watch_memory(marker):
        env["AWS_CA_BUNDLE"] = str(certificates.authority)
        assert machine.call(op, url=parameter_store.url(endpoint=server.url), env=env, **more)["version"] == 1


# -- where keys, region and endpoint come from --------------------------------------------------


def test_the_url_profile_wins_and_skips_the_environment(machine, parameter_store):
    parameter_store.put(VALUE)
    env = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    assert machine.get(env=env, role="reader")["ok"]
    url = parameter_store.url(profile=WRITER)
    assert machine.get(env=env, role="reader", url=url)["ok"]
    keys = parameter_store.profiles()
    assert [r["key"] for r in parameter_store.log()] == [
        keys["claude_creds_reader"][0], keys["claude_creds_writer"][0]]


def test_without_profiles_the_machines_own_choice(machine, parameter_store):
    parameter_store.put(VALUE)
    key, secret = parameter_store.profiles()["claude_creds_writer"]
    for env in ({"AWS_PROFILE": WRITER}, {"AWS_DEFAULT_PROFILE": WRITER},
                {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}):
        assert machine.get(options={}, env=env)["ok"], env
    assert error(machine.get(options={})) == (
        "bad_credentials", "no AWS keys: neither in the environment nor in ~/.aws/credentials",
        "enter them: aws configure --profile default")


def test_keys_in_the_environment_are_named_as_such(machine):
    env = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    assert error(machine.get(options={}, env=env))[1:] == (
        "GetParameter: AWS does not know the access key of the environment: deleted, inactive, or its "
        "session token is wrong", "check the keys: aws sts get-caller-identity")


def test_region_from_the_machine(machine, parameter_store):
    parameter_store.put(VALUE, region="eu-central-1")
    writer = parameter_store.user(WRITER, policy(allow("ssm:*", "*")))
    machine.world.write_aws_profiles(claude_creds_writer=writer)
    url = parameter_store.url(region="")
    for env in ({"AWS_REGION": "eu-central-1"}, {"AWS_DEFAULT_REGION": "eu-central-1"}):
        assert machine.get(url=url, env=env)["value"] == VALUE
    assert error(machine.get(url=url)) == (
        "invalid",
        f"no AWS region: neither in the store's URL nor in AWS_REGION nor in profile {WRITER}",
        "write the store as ssm://us-west-2/NAME")
    (machine.world.home / ".aws" / "config").write_text(f"[profile {WRITER}]\nregion = eu-central-1\n")
    assert machine.get(url=url)["value"] == VALUE
    assert machine.get(url=url, env={"AWS_REGION": "us-west-2"})["error"] == "not_found"


def test_endpoint_precedence(machine, parameter_store, fault_server):
    parameter_store.put(VALUE)
    bare = f"ssm://us-west-2{parameter_store.path}"
    other = fault_server("answer", body=b'{"Parameter":{"Version":9,"Value":"other"}}')
    here, there = parameter_store.endpoint, other.url
    config = machine.world.home / ".aws" / "config"
    cases = [
        ({"AWS_ENDPOINT_URL_SSM": here, "AWS_ENDPOINT_URL": there}, "", 1),
        ({"AWS_ENDPOINT_URL": here}, f"[profile {WRITER}]\nendpoint_url = {there}\n", 1),
        ({}, f"[profile {WRITER}]\nservices = s\nendpoint_url = {there}\n[services s]\nssm =\n"
             f"  endpoint_url = {here}\n", 1),
        ({}, f"[profile {WRITER}]\nendpoint_url = {there}\n", 9),
    ]
    for env, text, version in cases:
        config.write_text(text)
        assert machine.get(url=bare, env=env)["version"] == version, (env, text)
    assert machine.get(url=parameter_store.url(), env={"AWS_ENDPOINT_URL_SSM": there})["version"] == 1


BAD_URLS = {
    "ssm:us-west-2/x": "it does not begin with ssm://",
    "ssm://us-west-2/x?profil=y": "after '?' it takes profile=NAME and endpoint=URL",
    "ssm://us%0awest/x": "the region is no name",
}


@pytest.mark.parametrize("url", BAD_URLS)
def test_urls_that_are_wrong(machine, url):
    assert error(machine.get(url=url)) == (
        "invalid", f"'{url}' is not the URL of a parameter: {BAD_URLS[url]}",
        "write it as ssm://REGION/NAME, for instance ssm://us-west-2/claude/oauth/credentials")


@pytest.mark.parametrize("query, message", [
    ("US_West", "'US_West' is not the name of an AWS region"),
    ("us-west-2.evil.example", "'us-west-2.evil.example' is not the name of an AWS region")])
def test_regions_that_are_none(machine, query, message):
    assert error(machine.get(url=f"ssm://{query}/x"))[1] == "GetParameter: " + message


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1/", "127.0.0.1:80", "http://user:pw@127.0.0.1",
                                      "http://127.0.0.1/?x", "http://"])
def test_endpoints_that_are_none(machine, parameter_store, endpoint):
    assert error(machine.get(url=parameter_store.url(endpoint=endpoint))) == (
        "invalid", f"GetParameter: '{endpoint}' is not an endpoint URL",
        "an endpoint is https://HOST or https://HOST:PORT")


PROFILE_TROUBLE = {
    # a profile in ~/.aws/config: (message, hint)
    "": ("there is no profile p in ~/.aws/credentials", "enter its keys: aws configure --profile p"),
    "region = us-west-2": ("profile p has no keys in ~/.aws/credentials", "enter them: aws configure --profile p"),
    "aws_access_key_id = AKIA": ("profile p has an access key without a secret key",
                                 "enter both: aws configure --profile p"),
    "aws_secret_access_key = x": ("profile p has a secret key without an access key",
                                  "enter both: aws configure --profile p"),
    "sso_session = corp": (
        "profile p signs in through SSO (sso_session), which is not supported here",
        "use a profile with keys, or one with: credential_process = aws configure export-credentials "
        "--profile p --format process"),
}


@pytest.mark.parametrize("line", PROFILE_TROUBLE)
def test_profiles_without_usable_keys(machine, line):
    (machine.world.home / ".aws" / "config").write_text(f"[profile p]\n{line}\n")
    assert error(machine.get(options={"writer-profile": "p"})) == ("bad_credentials", *PROFILE_TROUBLE[line])


NAMES = {"my own": "'my own'", "o'neill": "'o'\\''neill'", "a;b": "'a;b'", "n" * 190: None}


@pytest.mark.parametrize("name", NAMES, ids=["blank", "quote", "semicolon", "long"])
def test_profiles_whose_name_is_no_word_of_a_shell(machine, name):
    """The commands that are shown can be pasted."""
    config = machine.world.home / ".aws" / "config"
    config.write_text(f'[profile "{name}"]\naws_access_key_id = AKIA\n')
    assert error(machine.get(options={"writer-profile": name}))[2] == (
        f"enter both: aws configure --profile {NAMES[name]}" if NAMES[name] else "enter both: aws configure")
    config.write_text(f'[profile "{name}"]\nsso_session = corp\n')
    assert f"export-credentials --profile {NAMES[name] or name} --format" in error(
        machine.get(options={"writer-profile": name}))[2]


def test_keys_from_a_program(machine, parameter_store):
    """credential_process, as `aws configure export-credentials --format process` prints them."""
    parameter_store.put(VALUE)
    key, secret = parameter_store.profiles()["claude_creds_reader"]
    program = machine.world.program("keys", f"""#!/bin/sh
echo 'noise' >&2
echo '{{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "{secret}"}}'
""")
    (machine.world.home / ".aws" / "config").write_text(f"[profile p]\ncredential_process = {program} --x\n")
    assert machine.get(role="reader", options={"reader-profile": "p"})["value"] == VALUE


# -- check --------------------------------------------------------------------------------------


def rows(machine, **more):
    """{name: (ok, detail, hint)} in the order shown; "warning" for ok where it is one."""
    return {row["name"]: ("warning" if row.get("warning") else row["ok"], row["detail"], row["hint"])
            for row in machine.call("check", **more)["checks"]}


def host_of(store):
    return store.endpoint.removeprefix("http://")


def context_of(store):
    return f"PARAMETER_ARN = {parameter_arn(store.path)}"


def test_check_of_a_reader(machine, parameter_store):
    machine.put()
    machine.world.write_aws_profiles(claude_creds_reader=parameter_store.profiles()["claude_creds_reader"])
    assert rows(machine, role="reader") == {
        "identity": (True, f"{arn_of(READER)} (profile {READER})", ""),
        "profile": (True, f"{READER} is there", ""),
        "keys_file": (True, "only its owner can open ~/.aws/credentials", ""),
        "clock": (True, "in step with AWS", ""),
        "certificate": (True, f"none: {host_of(parameter_store)} is asked over plain http", ""),
        "read": (True, f"{parameter_store.path} is at version 1", ""),
        "kms": (True, f"the value could be deciphered ({context_of(parameter_store)})", "")}


def test_check_of_a_writer_writes_nothing(machine, parameter_store):
    machine.put()
    assert rows(machine)["write"] == (
        True, "may put (asked by a put that changes nothing; enciphering was not tested)", "")
    assert [v["value"] for v in parameter_store.history()] == [VALUE]


def test_check_of_the_history(machine, parameter_store):
    machine.put()
    assert rows(machine)["history"] == (True, "earlier versions can be read", "")
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(
        WRITER, writer_policy(parameter_store.path, literal=True)))
    ok, detail, hint = rows(machine)["history"]
    assert ok == "warning" and detail.startswith("GetParameterHistory: access denied: ")
    assert hint == (f"allow ssm:GetParameterHistory on {parameter_arn(parameter_store.path)} to "
                    f"{arn_of(WRITER)} (profile {WRITER})")


def test_check_of_who_has_which_keys(machine, parameter_store):
    credentials = machine.world.home / ".aws" / "credentials"
    assert rows(machine, role="reader")["profile"] == (
        "warning", f"this reader has the keys of profile {WRITER}: who breaks in here can publish a login",
        f"take [{WRITER}] out of ~/.aws/credentials")
    assert rows(machine, role="writer")["profile"] == (True, f"{WRITER} is there", "")
    assert rows(machine, options={}, env={"AWS_PROFILE": WRITER})["profile"] == (
        True, "none is named: the usual keys of this machine", "")
    credentials.chmod(0o640)
    found = rows(machine, role="reader", options={"reader-profile": READER, "writer-profile": "other"})
    assert found["profile"] == (True, f"{READER} is there", "")
    assert found["keys_file"] == (False, "others can open ~/.aws/credentials (mode 0640)",
                                  "chmod 600 ~/.aws/credentials")
    credentials.unlink()
    assert "keys_file" not in rows(machine)


def test_check_of_a_writer_that_may_not_write(machine, parameter_store):
    parameter_store.put(VALUE)
    ok, detail, hint = rows(machine, options={"writer-profile": READER})["write"]
    arn = parameter_arn(parameter_store.path)
    assert not ok and detail.startswith("PutParameter: access denied: ")
    assert hint == f"allow ssm:PutParameter on {arn} to {arn_of(READER)} (profile {READER})"


def test_check_of_writing_that_cannot_be_tested(machine, parameter_store):
    parameter_store.put(VALUE)
    parameter_store.faults([{"action": "PutParameter", "times": 9, "status": 500, "type": "InternalServerError"}])
    assert rows(machine)["write"] == (
        True, f"not tested: PutParameter: {host_of(parameter_store)} had an internal error", "")
    parameter_store.delete()
    assert "write" not in rows(machine)


@pytest.mark.parametrize("fault, detail", [
    ({"status": 400, "type": "ParameterPatternMismatchException"},
     "may put (asked by a put that changes nothing; enciphering was not tested)"),
    ({"status": 200, "body": '{"Version":2}'}, "not tested: AWS answered otherwise than it should")])
def test_check_of_writing_answered_otherwise(machine, parameter_store, fault, detail):
    parameter_store.put(VALUE)
    parameter_store.faults([{"action": "PutParameter", **fault}])
    assert rows(machine)["write"] == (True, detail, "")


def test_check_of_a_name_without_a_slash(machine, parameter_store):
    """Such a one is not below a path, and its ARN says so."""
    name = parameter_store.path.split("/")[2]
    parameter_store.put(VALUE, path=name)
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(WRITER, policy(allow("ssm:*", "*"))))
    assert rows(machine, path=name)["kms"] == (
        True, f"the value could be deciphered (PARAMETER_ARN = {parameter_arn('/' + name)})", "")


def test_check_of_a_customer_key(machine, parameter_store):
    parameter_store.put("x", kms_key=KMS_KEY)
    machine.world.write_aws_profiles(claude_creds_writer=parameter_store.user(
        WRITER, policy(allow("ssm:*", parameter_arn(parameter_store.path)))))
    found = rows(machine)
    assert found["kms"] == (
        False, f"GetParameter: {KMS_REFUSES}; a condition on kms:EncryptionContext must say "
               f"{context_of(parameter_store)}",
        f"allow kms:Decrypt on the parameter's KMS key (kms:ViaService ssm.us-west-2.amazonaws.com) to the "
        f"user of profile {WRITER}, in its policy and the key's")
    assert not found["read"][0]


def test_check_says_what_is_wrong(machine, parameter_store):
    parameter_store.clock(-7200)
    machine.world.write_aws_profiles(claude_creds_reader=parameter_store.user(READER, reader_policy("/other")))
    found = rows(machine, role="reader")
    assert found["identity"][0] and found["kms"] == (True, "not tested: no value was read", "")
    assert found["clock"][:2] == (False, "2 h 0 min ahead of AWS")
    assert found["clock"][2].startswith("set this machine's clock: ")
    assert found["read"][2] == (f"allow ssm:GetParameter on {parameter_arn(parameter_store.path)} to "
                                f"{arn_of(READER)} (profile {READER})")


def test_check_of_a_clock_that_is_a_little_off(machine, parameter_store):
    parameter_store.put(VALUE)
    parameter_store.clock(100)
    ok, detail, hint = rows(machine, role="reader")["clock"]
    assert ok == "warning" and re.fullmatch(r"1 min \d+ s behind AWS", detail), detail
    assert hint.startswith("set this machine's clock: ")


def test_check_before_the_first_publish(machine, parameter_store):
    assert rows(machine, role="reader")["read"] == (
        True, f"GetParameter: there is no parameter {parameter_store.path} in us-west-2",
        "publish from a writer first: credrelay publish")


def test_check_of_certificates(machine, parameter_store, fault_server, certificates):
    body = json.dumps({"Parameter": {"Version": 1, "Value": VALUE}}).encode()
    trusting = {"AWS_CA_BUNDLE": str(certificates.authority)}

    def certificate(tls, env):
        server = fault_server("answer", body=body, tls=tls)
        return server.url.removeprefix("https://"), rows(
            machine, url=parameter_store.url(endpoint=server.url), role="reader", env=env)["certificate"]

    host, found = certificate(certificates.lasting, trusting)
    assert found[0] is True and found[2] == ""
    assert re.fullmatch(rf"that of {host} is trusted \({certificates.authority}\) until \d{{4}}-\d\d-\d\d", found[1])
    host, found = certificate(certificates.good, trusting)
    assert found[0] == "warning" and found[2] == f"whoever runs {host} must renew its certificate"
    assert re.fullmatch(rf"that of {host} is trusted \({certificates.authority}\) and ends in \d+ d \d+ h", found[1])
    host, (ok, detail, hint) = certificate(certificates.good, {})
    assert not ok and detail.startswith(f"GetParameter: the TLS certificate of {host} is not trusted")
    assert hint == "if a proxy inspects TLS here, set AWS_CA_BUNDLE to its certificate's file"


def test_check_of_a_connection_that_is_none(machine, parameter_store, fault_server):
    server = fault_server("refused", scheme="https")
    found = rows(machine, url=parameter_store.url(endpoint=server.url), role="reader", deadline_ms=4000)
    assert found["certificate"] == (True, "not seen: there was no answer", "")
    assert found["clock"] == (True, "not compared: there was no answer", "")
    assert not found["read"][0]


def test_check_of_a_connection_that_everybody_reads(machine, parameter_store, fault_server):
    proxy = fault_server("answer", body=json.dumps({"Parameter": {"Version": 1, "Value": VALUE}}).encode())
    url = parameter_store.url(endpoint="http://ssm.example.com")
    assert rows(machine, url=url, role="reader", env={"http_proxy": proxy.url})["certificate"] == (
        False, "none: ssm.example.com is asked over plain http",
        "set the endpoint to https://ssm.example.com: everybody on the way can read the login")


@pytest.mark.parametrize("endpoint", ["http://ssm.us-west-2.amazonaws.com", "http://ssm.us-west-2.api.aws"])
def test_an_endpoint_of_awss_own_serves_one_service(machine, parameter_store, fault_server, endpoint):
    """Who we are is asked where STS is; nothing leaves this machine but to the proxy."""
    proxy = fault_server("answer", status="403 Forbidden")
    rows(machine, url=parameter_store.url(endpoint=endpoint), role="reader", deadline_ms=4000,
         env={"http_proxy": proxy.url, "https_proxy": proxy.url})
    asked = {request.split(b" HTTP/")[0] for request in proxy.requests}
    assert asked == {b"CONNECT sts.us-west-2.amazonaws.com:443", b"POST " + endpoint.encode() + b"/"}


def test_check_without_keys(machine):
    assert rows(machine, options={"writer-profile": "p"}) == {
        "identity": (False, "there is no profile p in ~/.aws/credentials",
                     "enter its keys: aws configure --profile p"),
        "profile": (False, "there is no profile p in ~/.aws/credentials",
                    "enter its keys: aws configure --profile p"),
        "keys_file": (True, "only its owner can open ~/.aws/credentials", "")}


def test_check_with_an_unknown_key(machine):
    machine.world.write_aws_profiles(claude_creds_reader=("AKIAIOSFODNN7EXAMPLE", "x" * 40))
    found = rows(machine, role="reader")
    assert found["identity"][1].startswith("GetCallerIdentity: AWS does not know the access key")
    assert [found[name][0] for name in ("identity", "clock", "read")] == [False, True, False]
