"""Where store-ssm gets its keys: every source against a server that checks signatures and session
tokens, their order pair by pair, the cache of temporary keys, and what is said when one fails."""
import fcntl
import itertools
import json
import os
import shlex
import stat
import subprocess
import threading
import time

import pytest

from harness.parameter_store import ACCOUNT, allow, policy
from harness.store_machine import VALUE, error
from harness.world import LIBEXEC

EVERYTHING = policy(allow(["ssm:*", "sts:*"], "*"))
ROLES = "/latest/meta-data/iam/security-credentials/"


@pytest.fixture
def aws(machine, parameter_store, metadata):
    return Aws(machine, parameter_store, metadata)


class Aws:
    """Both AWS files, the environment and the metadata services of one machine, built up by the
    sources of a test."""

    def __init__(self, machine, store, metadata):
        self.machine, self.store, self.metadata = machine, store, metadata
        self.folder = machine.world.home / ".aws"
        (self.folder / "credentials").unlink()
        self.env, self.config, self.credentials = {}, {}, {}
        store.put(VALUE)

    def write(self):
        for name, sections in (("config", self.config), ("credentials", self.credentials)):
            (self.folder / name).write_text("".join(
                f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
                for section, settings in sections.items()))

    def call(self, op="get", profile=None, **more):
        self.write()
        options = {"writer-profile": profile} if profile else {}
        return self.machine.call(op, options=options, env=self.env, **more)

    def identity(self, **more):
        """(the ARN after the account, whose keys the message says they are)"""
        row = self.call("check", **more)["checks"][0]
        assert row["ok"], row
        arn, owner = row["detail"].removesuffix(")").split(" (")
        return arn.split(f"{ACCOUNT}:")[1].rsplit("/credrelay-")[0].removesuffix("/test"), owner

    def keys(self, user):
        """Settings with the keys of a new user."""
        key, secret = self.store.user(user, EVERYTHING)
        return {"aws_access_key_id": key, "aws_secret_access_key": secret}

    def role(self, name, **more):
        return self.store.role(name, EVERYTHING, **more)

    def cache(self):
        folder = self.machine.world.state / "aws-cache"
        return sorted(f for f in folder.iterdir() if f.suffix != ".lock") if folder.exists() else []

    def asked_sts(self):
        return [e["action"] for e in self.store.log(every=True) if e["action"].startswith("Assume")]


# -- the sources --------------------------------------------------------------------------------
# Each sets itself up beside what is there already.


def environment(aws):
    keys = aws.keys("user-environment")
    aws.env.update(AWS_ACCESS_KEY_ID=keys["aws_access_key_id"],
                   AWS_SECRET_ACCESS_KEY=keys["aws_secret_access_key"])
    return "user/user-environment", "the environment"


def role(aws):
    aws.config.setdefault("default", {}).update(role_arn=aws.role("role-profile"), source_profile="base")
    aws.credentials["base"] = aws.keys("user-base")
    return "assumed-role/role-profile", "profile default"


def web_identity(aws):
    token = aws.folder / "token"
    token.write_text("eyJ.TEST.jwt\n")
    aws.env.update(AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
                   AWS_ROLE_ARN=aws.role("role-web", web_token="eyJ.TEST.jwt"))
    return "assumed-role/role-web", "profile default"


def credentials_file(aws):
    aws.credentials.setdefault("default", {}).update(aws.keys("user-credentials"))
    return "user/user-credentials", "profile default"


def program(aws):
    keys = aws.keys("user-program")
    text = json.dumps({"Version": 1, "AccessKeyId": keys["aws_access_key_id"],
                       "SecretAccessKey": keys["aws_secret_access_key"]})
    path = aws.machine.world.program("print-keys", f"#!/bin/sh\necho {shlex.quote(text)}\n")
    aws.config.setdefault("default", {}).update(credential_process=path)
    return "user/user-program", "profile default"


def config_file(aws):
    aws.config.setdefault("default", {}).update(aws.keys("user-config"))
    return "user/user-config", "profile default"


def container(aws):
    """The metadata fixture has one set of keys: two services, where both are set up."""
    aws.metadata.keys = aws.store.session(aws.role("role-container"))
    aws.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = aws.metadata.url + "/creds"
    return "assumed-role/role-container", "this container"


def instance(aws):
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in aws.env:
        aws.metadata.keys = aws.store.session(aws.role("role-instance"))
    aws.env.update(AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.metadata.url, AWS_EC2_METADATA_DISABLED="false")
    return "assumed-role/role-instance", "this instance"


ORDER = [environment, role, web_identity, credentials_file, program, config_file, container, instance]


@pytest.mark.parametrize("source", ORDER, ids=lambda source: source.__name__)
def test_each_source(aws, source):
    expected = source(aws)
    assert aws.call()["value"] == VALUE
    assert aws.identity() == expected


@pytest.mark.parametrize("first, second", itertools.combinations(ORDER, 2),
                         ids=lambda source: source.__name__)
def test_the_order(aws, first, second):
    expected = first(aws)
    second(aws)
    assert aws.identity() == expected


def test_a_chosen_profile_skips_the_environment(aws):
    aws.config["profile p"] = aws.keys("user-p")
    environment(aws)
    web_identity(aws)
    assert aws.identity(profile="p") == ("user/user-p", "profile p")
    aws.env["AWS_PROFILE"] = "p"
    assert aws.identity() == ("user/user-environment", "the environment")


def test_a_profile_without_keys_is_the_machines(aws):
    """As the SDKs: a profile that only sets things up leaves the keys to container and instance."""
    aws.config["profile p"] = {"region": "us-west-2"}
    expected = instance(aws)
    assert aws.identity(profile="p") == expected
    assert error(aws.call(profile="q"))[1] == "there is no profile q in ~/.aws/credentials"


# -- roles --------------------------------------------------------------------------------------


def test_what_is_asked_of_sts(aws):
    role(aws)
    aws.config["default"].update(external_id="its me", role_session_name="fleet@x", duration_seconds="1800")
    aws.role("role-profile", external_id="its me")
    answer = aws.call()
    assert answer["ok"], answer
    asked = next(e for e in aws.store.log(every=True) if e["action"] == "AssumeRole")
    assert asked["region"] == "us-west-2"
    assert asked["form"] == {
        "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": aws.config["default"]["role_arn"],
        "RoleSessionName": "fleet@x", "ExternalId": "its me", "DurationSeconds": "1800"}


def test_roles_one_after_the_other(aws):
    aws.credentials["base"] = aws.keys("user-base")
    aws.config["profile one"] = {"role_arn": aws.role("role-one"), "source_profile": "base"}
    aws.config["profile two"] = {"role_arn": aws.role("role-two"), "source_profile": "one"}
    aws.config["profile three"] = {"role_arn": aws.role("role-three"), "source_profile": "two"}
    assert aws.identity(profile="three") == ("assumed-role/role-three", "profile three")
    assert [e["form"]["RoleArn"].split("/")[-1] for e in aws.store.log(every=True) if e["action"] == "AssumeRole"] == [
        "role-one", "role-two", "role-three"]


def test_a_profile_can_be_its_own_source(aws):
    aws.config["profile p"] = {"role_arn": aws.role("role-p"), "source_profile": "p", **aws.keys("user-p")}
    assert aws.identity(profile="p") == ("assumed-role/role-p", "profile p")


@pytest.mark.parametrize("name, source", [("Environment", environment), ("EcsContainer", container),
                                          ("Ec2InstanceMetadata", instance)])
def test_credential_source(aws, name, source):
    source(aws)
    aws.config["profile p"] = {"role_arn": aws.role("role-p"), "credential_source": name}
    assert aws.identity(profile="p") == ("assumed-role/role-p", "profile p")
    assert aws.asked_sts() == ["AssumeRole"]


def test_a_web_identity_of_a_profile(aws):
    web_identity(aws)
    aws.config["profile p"] = {"role_arn": aws.env.pop("AWS_ROLE_ARN"), "role_session_name": "p",
                               "web_identity_token_file": aws.env.pop("AWS_WEB_IDENTITY_TOKEN_FILE")}
    aws.config["profile q"] = {"role_arn": aws.role("role-q"), "source_profile": "p"}
    assert aws.identity(profile="q") == ("assumed-role/role-q", "profile q")
    assert aws.asked_sts() == ["AssumeRoleWithWebIdentity", "AssumeRole"]


MEND = ("mend ~/.aws/config: a profile with role_arn has either source_profile or credential_source "
        "(Environment, Ec2InstanceMetadata, EcsContainer)")
COMMAND = ("use a profile with keys, or one with: credential_process = aws configure export-credentials "
           "--profile p --format process")
BAD_ROLES = {
    # the settings of profile p beside its role_arn, those of q: (message, hint)
    "nothing": ({}, {}, "profile p assumes a role (role_arn) with neither source_profile nor "
                        "credential_source", MEND),
    "both": ({"source_profile": "q", "credential_source": "Environment"}, {},
             "profile p assumes a role (role_arn) with both source_profile and credential_source", MEND),
    "spelling": ({"credential_source": "ec2"}, {}, "profile p has an unknown credential_source: ec2", MEND),
    "missing": ({"source_profile": "nobody"}, {}, "profile p has a source_profile that is not there: nobody",
                MEND),
    "itself": ({"source_profile": "p"}, {}, "profile p assumes its role in a circle: source_profile = p", MEND),
    "circle": ({"source_profile": "q"}, {"role_arn": "r", "source_profile": "p"},
               "profile q assumes its role in a circle: source_profile = p", MEND),
    "empty": ({"source_profile": "q"}, {"region": "us-west-2"},
              "the role of profile p: there are no keys in profile q",
              "see what it has: aws configure list --profile q"),
    "empty environment": ({"credential_source": "Environment"}, {},
                          "the role of profile p: there are no keys in credential_source Environment",
                          "see what it has: aws configure list"),
    "half a key": ({"source_profile": "q"}, {"aws_secret_access_key": "s"},
                   "profile q has a secret key without an access key", "enter both: aws configure --profile q"),
    "mfa": ({"source_profile": "q", "mfa_serial": "arn:aws:iam::1:mfa/me"}, {"aws_access_key_id": "A",
                                                                            "aws_secret_access_key": "s"},
            "profile p asks for a code (MFA) (mfa_serial), which is not supported here", COMMAND),
    "sso source": ({"source_profile": "q"}, {"sso_session": "corp"},
                   "profile q signs in through SSO (sso_session), which is not supported here",
                   COMMAND.replace("profile p ", "profile q ")),
}


@pytest.mark.parametrize("name", BAD_ROLES)
def test_roles_that_cannot_be_assumed(aws, name):
    p, q, message, hint = BAD_ROLES[name]
    aws.config["profile p"] = {"role_arn": "arn:aws:iam::123456789012:role/x", **p}
    aws.config["profile q"] = q
    assert error(aws.call(profile="p")) == ("bad_credentials", message, hint)
    assert aws.asked_sts() == []


def test_roles_without_end(aws):
    for number in range(12):
        aws.config[f"profile p{number}"] = {"role_arn": "arn:aws:iam::123456789012:role/x",
                                            "source_profile": f"p{number + 1}"}
    aws.config["profile p12"] = aws.keys("user-base")
    assert error(aws.call(profile="p0")) == (
        "bad_credentials", "profile p0 assumes too many roles one after the other", MEND)


def test_a_role_that_is_not_allowed(aws):
    role(aws)
    aws.credentials["base"] = dict(zip(
        ("aws_access_key_id", "aws_secret_access_key"), aws.store.user("user-base", policy(allow("ssm:*", "*")))))
    arn = aws.config["default"]["role_arn"]
    code, message, hint = error(aws.call())
    assert (code, hint) == ("denied", f"allow sts:AssumeRole on {arn} to arn:aws:iam::{ACCOUNT}:user/user-base "
                                      "(profile base)")
    assert message.startswith("AssumeRole: access denied: User: ")


STS_FAILS = {
    "the external id": (dict(external_id="x"), {}, "denied", "AssumeRole: access denied: "),
    "the duration": ({}, {"duration_seconds": "7200"}, "invalid",
                     "AssumeRole: AWS refuses the request: The requested DurationSeconds exceeds the "
                     "MaxSessionDuration set for this role."),
}


@pytest.mark.parametrize("name", STS_FAILS)
def test_what_sts_refuses(aws, name):
    rules, settings, code, message = STS_FAILS[name]
    role(aws)
    aws.role("role-profile", **rules)
    aws.config["default"].update(settings)
    answer = error(aws.call())
    assert answer[0] == code and answer[1].startswith(message), answer
    assert aws.cache() == []


def test_an_answer_of_sts_without_keys(aws):
    role(aws)
    aws.store.faults([{"action": "AssumeRole", "status": 200, "body": body} for body in (
        "<AssumeRoleResponse/>", "<C><AccessKeyId>A B</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
                                 "</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></C>")])
    assert error(aws.call())[:2] == ("failed", "the answer of STS has no keys")
    assert error(aws.call())[:2] == (
        "bad_credentials", "the keys of the role have white space inside, or more than keys have")
    assert aws.cache() == []


@pytest.mark.parametrize("seconds", ["60", "soon"])
def test_a_duration_that_no_session_has(aws, seconds):
    """Then as long as STS has it."""
    role(aws)
    aws.config["default"]["duration_seconds"] = seconds
    assert aws.call()["value"] == VALUE
    (asked,) = [e for e in aws.store.log(every=True) if e["action"] == "AssumeRole"]
    assert "DurationSeconds" not in asked["form"]


WEB_FAILS = {
    "EXPIRED": ("bad_credentials", "AssumeRoleWithWebIdentity: AWS refuses the web identity token: Token "
                                   "expired: current date/time 1795452612 must be before the expiration "
                                   "date/time 1795449012"),
    "another's": ("bad_credentials", "AssumeRoleWithWebIdentity: AWS refuses the web identity token: No "
                                     "OpenIDConnect provider found in your account for https://issuer.example"),
}


@pytest.mark.parametrize("token", WEB_FAILS)
def test_web_identity_tokens_that_are_refused(aws, token):
    web_identity(aws)
    (aws.folder / "token").write_text(token)
    assert error(aws.call()) == (*WEB_FAILS[token],
                                 "look at what writes the token's file (AWS_WEB_IDENTITY_TOKEN_FILE)")


def test_web_identity_files_that_are_no_good(aws):
    web_identity(aws)
    token = aws.folder / "token"
    token.write_text(" \n")
    assert error(aws.call())[:2] == ("bad_credentials", f"the web identity token in {token} is empty")
    token.unlink()
    assert error(aws.call())[0] == "not_found"
    del aws.env["AWS_ROLE_ARN"]
    assert error(aws.call()) == (
        "bad_credentials", f"there is a web identity token ({token}), but neither AWS_ROLE_ARN nor role_arn "
                           "says for which role", "set AWS_ROLE_ARN")


# -- containers and instances -------------------------------------------------------------------


def test_a_containers_token(aws):
    container(aws)
    aws.metadata.authorization = "Basic TEST"
    assert error(aws.call()) == (
        "bad_credentials", f"127.0.0.1:{aws.metadata.port} refuses keys for this container (status 401)",
        "check the role of the task or pod, and its AWS_CONTAINER_* variables")
    aws.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic TEST"
    assert aws.call()["value"] == VALUE
    file = aws.folder / "container-token"
    file.write_text("Basic FILE")
    aws.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(file)
    aws.metadata.authorization = "Basic FILE"
    assert aws.call()["value"] == VALUE
    file.write_text("Basic FILE\r\nX-Other: header")
    assert error(aws.call()) == ("bad_credentials", "the container's authorization token has more than one line",
                                 f"look at {file}")


NO_KEYS = "127.0.0.1:{port} did not answer with keys for this container"
CONTAINER_FAILS = {  # what the agent answers: what is said of it
    "not JSON": (b"<html>", NO_KEYS),
    "no secret": (b'{"AccessKeyId":"A","Token":"t"}', NO_KEYS),
    "keys that are none": (b'{"AccessKeyId":"A B","SecretAccessKey":"s"}',
                           "the keys of this container have white space inside, or more than keys have"),
}


@pytest.mark.parametrize("name", CONTAINER_FAILS)
def test_a_container_agent_that_has_no_keys(aws, name):
    container(aws)
    aws.metadata.raw, message = CONTAINER_FAILS[name]
    assert error(aws.call()) == ("bad_credentials", message.format(port=aws.metadata.port),
                                 "check the role of the task or pod, and its AWS_CONTAINER_* variables")


@pytest.mark.parametrize("variable, value, message", [
    ("RELATIVE", "v2/x", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not allowed: v2/x"),
    ("RELATIVE", "/v2/@x", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not allowed: /v2/@x"),
    ("FULL", "http://127.0.0.1/" + "x" * 1100, "the URL of the container's keys is too long")],
    ids=["no path", "a name", "too long"])
def test_container_urls_that_are_none(aws, variable, value, message):
    aws.env[f"AWS_CONTAINER_CREDENTIALS_{variable}_URI"] = value
    assert error(aws.call())[:2] == ("bad_credentials", message)


def test_a_containers_token_that_is_none(aws):
    container(aws)
    aws.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Basic\nX-Other: header"
    assert error(aws.call()) == ("bad_credentials", "the container's authorization token has more than one line",
                                 "look at AWS_CONTAINER_AUTHORIZATION_TOKEN")
    aws.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "x" * 16385
    assert error(aws.call())[:2] == ("too_large", "the container's authorization token is larger than 16384 bytes")
    aws.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(aws.folder / "none")
    code, message, _ = error(aws.call())
    assert (code, message.split(":")[0]) == ("not_found", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    assert aws.metadata.requests == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_container_agent_that_is_busy(aws, status):
    """Asked three times, a second apart, and no more."""
    container(aws)
    aws.metadata.status = status
    assert error(aws.call())[:2] == (
        "bad_credentials", f"127.0.0.1:{aws.metadata.port} refuses keys for this container (status {status})")
    assert len(aws.metadata.requests) == 3


def test_a_container_agent_that_is_not_there(aws):
    """For want of time asked once."""
    container(aws)
    aws.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:9/creds"
    assert error(aws.call(deadline_ms=900))[0] == "unreachable"


@pytest.mark.parametrize("uri", ["http://169.254.169.254/creds", "http://127.0.0.1@evil.example/", "ftp://127.0.0.1/",
                                 "http://127.evil.example/", "http://localhost.evil.example/"])
def test_container_hosts_that_are_not_allowed(aws, uri):
    aws.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri
    assert error(aws.call()) == (
        "bad_credentials", f"AWS_CONTAINER_CREDENTIALS_FULL_URI is not allowed: {uri}",
        "it must be https, or on 127.0.0.1, 169.254.170.2 or 169.254.170.23")


def test_a_container_agent_that_starts_slowly(aws):
    container(aws)
    aws.metadata.status = 500
    threading.Timer(0.5, lambda: setattr(aws.metadata, "status", 200)).start()
    assert aws.call()["value"] == VALUE
    assert len(aws.metadata.requests) == 2


def test_what_is_asked_of_an_instance(aws):
    instance(aws)
    assert aws.call(**{})["value"] == VALUE
    assert aws.metadata.requests == [("PUT", "/latest/api/token"), ("GET", ROLES), ("GET", ROLES + "fleet-role")]
    assert "Content-Type" not in aws.metadata.headers[0]


def test_an_instance_is_asked_directly(aws):
    instance(aws)
    aws.env["http_proxy"] = "http://127.0.0.1:9"
    aws.env["no_proxy"] = "127.0.0.1"  # the store's server itself is asked through no proxy either
    assert aws.call()["value"] == VALUE


@pytest.mark.parametrize("how", ["disabled", "slow", "no role", "refused"])
def test_an_instance_that_has_no_keys(aws, how):
    instance(aws)
    if how == "disabled":
        aws.env["AWS_EC2_METADATA_DISABLED"] = "TRUE"
    if how == "slow":
        aws.metadata.slow = 30
    if how == "no role":
        aws.metadata.keys = {}
    if how == "refused":
        aws.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9"
    assert error(aws.call())[:2] == (
        "bad_credentials", "no AWS keys: neither in the environment nor in ~/.aws/credentials")
    assert len(aws.metadata.requests) == {"disabled": 0, "slow": 1, "no role": 2, "refused": 0}[how]
    assert aws.machine.seconds < 20


INSTANCE_FAILS = {
    "no token": {"token": b""},
    "a token that no header can carry": {"token": b"two\nlines"},
    "a token without end": {"token": b"x" * 5000},
    "a role that is a path": {"role": b"../other"},
    "a role without end": {"role": b"x" * 130},
    "no JSON": {"raw": b"<html>"},
    "no keys": {"raw": b'{"Code":"AssumeRoleUnauthorizedAccess"}'},
    "half a key": {"raw": b'{"AccessKeyId":"A"}'},
}


@pytest.mark.parametrize("name", INSTANCE_FAILS)
def test_an_instance_that_answers_with_something_else(aws, name):
    """Where there are no keys there are none: a machine that is no instance has others."""
    instance(aws)
    vars(aws.metadata).update(INSTANCE_FAILS[name])
    assert error(aws.call())[:2] == (
        "bad_credentials", "no AWS keys: neither in the environment nor in ~/.aws/credentials")


def test_an_instance_whose_keys_are_none(aws):
    instance(aws)
    aws.metadata.raw = b'{"AccessKeyId":"A B","SecretAccessKey":"s"}'
    assert error(aws.call())[:2] == (
        "bad_credentials", "the keys of this instance have white space inside, or more than keys have")


@pytest.mark.parametrize("how", ["a slash at its end", "in the profile", "in no time"])
def test_where_an_instance_is_asked(aws, how):
    instance(aws)
    aws.env["AWS_EC2_METADATA_DISABLED"] = ""
    if how == "a slash at its end":
        aws.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] += "/"
    if how == "in the profile":
        aws.config["default"] = {"ec2_metadata_service_endpoint": aws.env.pop("AWS_EC2_METADATA_SERVICE_ENDPOINT")}
        aws.env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6"  # of the service's own address
    if how == "in no time":
        aws.metadata.slow = 2
        assert error(aws.call(deadline_ms=500))[0] == "bad_credentials"
    else:
        assert aws.call()["value"] == VALUE
        assert aws.metadata.requests[0] == ("PUT", "/latest/api/token")


def test_keys_of_a_container_and_an_instance_are_not_cached(aws):
    """They cost nothing, and a role that was exchanged must show at once."""
    instance(aws)
    assert aws.call()["value"] == aws.call()["value"] == VALUE
    assert len(aws.metadata.requests) == 6 and aws.cache() == []


# -- the cache of temporary keys ----------------------------------------------------------------


def age_to(file, minutes):
    keys = json.loads(file.read_text())
    keys["Expiration"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + minutes * 60))
    file.write_text(json.dumps(keys))


def test_a_roles_keys_are_kept_for_the_next_process(aws):
    role(aws)
    for _ in range(3):
        assert aws.call()["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"]
    (file,) = aws.cache()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(json.loads(file.read_text())) == ["AccessKeyId", "Expiration", "SecretAccessKey",
                                                    "SessionToken"]


AGES = {60: 1, 16: 1, 14: 2, 9: 2, -1: 2}


@pytest.mark.parametrize("minutes", AGES)
def test_keys_are_renewed_before_they_expire(aws, minutes):
    role(aws)
    aws.call()
    age_to(*aws.cache(), minutes)
    assert aws.call()["value"] == VALUE
    assert len(aws.asked_sts()) == AGES[minutes]


@pytest.mark.parametrize("minutes, works", [(14, True), (9, True), (-1, False)])
def test_old_keys_are_better_than_none(aws, minutes, works):
    role(aws)
    aws.call()
    age_to(*aws.cache(), minutes)
    aws.store.faults([{"action": "AssumeRole", "times": 99, "status": 500, "type": "ServiceFailure"}])
    answer = aws.call()
    assert answer["ok"] == works
    assert works or answer["message"].startswith("AssumeRole: ")


def test_one_process_renews(aws):
    """Fifty processes that find no keys ask STS once."""
    role(aws)
    aws.write()
    request = json.dumps({"credrelay": 1, "op": "get", "store": aws.store.url(), "path": aws.store.path,
                          "role": "writer", "machine": "m", "options": {}, "deadline_ms": 120_000}) + "\n"
    running = [aws.machine.world.start(LIBEXEC / "store-ssm", stdin=subprocess.PIPE, env=aws.env)
               for _ in range(50)]
    for process in running:
        process.stdin.write(request.encode())
        process.stdin.close()
        process.stdin = None
    answers = [json.loads(process.communicate(timeout=180)[0]) for process in running]
    assert all(answer["ok"] for answer in answers), answers
    assert aws.asked_sts() == ["AssumeRole"]


@pytest.mark.parametrize("change", [
    {"role_session_name": "other"}, {"external_id": "x"}, {"duration_seconds": "900"}, {"source_profile": "base2"}])
def test_other_settings_are_other_keys(aws, change):
    role(aws)
    aws.call()
    aws.role("role-profile", external_id=change.get("external_id"))
    aws.credentials["base2"] = aws.keys("user-base2")
    aws.config["default"].update(change)
    assert aws.call()["value"] == VALUE
    assert len(aws.asked_sts()) == 2 and len(aws.cache()) == 2


def test_cached_keys_that_aws_refuses_are_fetched_anew_once(aws):
    role(aws)
    aws.call()
    aws.store.expire(json.loads(aws.cache()[0].read_text())["AccessKeyId"])
    assert aws.call()["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"] * 2
    aws.store.faults([{"action": "GetParameter", "times": 9, "status": 400, "type": "ExpiredTokenException"}])
    assert error(aws.call())[:2] == ("bad_credentials", "GetParameter: the temporary keys of profile default have expired")
    assert [a for a, _ in aws.store.actions(every=True)] == ["GetParameter", "AssumeRole", "GetParameter"]


def test_cached_keys_of_a_source_that_aws_refuses_are_fetched_anew_once(aws):
    """A role whose source is a program: the program's keys end before they said."""
    def print_keys():
        keys = aws.store.session(aws.role("role-program"))
        text = json.dumps({"Version": 1, "SessionToken": keys["Token"], **{k: keys[k] for k in (
            "AccessKeyId", "SecretAccessKey", "Expiration")}})
        path = aws.machine.world.program("p", f"#!/bin/sh\necho {shlex.quote(text)}\n")
        aws.config["profile base"] = {"credential_process": path}
        return keys["AccessKeyId"]

    first = print_keys()
    aws.config["profile p"] = {"role_arn": aws.role("role-p"), "source_profile": "base"}
    assert aws.call(profile="p")["value"] == VALUE
    aws.store.expire(first)
    print_keys()
    aws.config["profile p"]["role_session_name"] = "other"  # asks STS again, with the program's old keys
    assert aws.call(profile="p")["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"] * 3


@pytest.mark.parametrize("text", ["", "{", '{"AccessKeyId":"A"}', '{"AccessKeyId":"A","SecretAccessKey":"s"}'])
def test_a_cache_that_is_damaged_is_no_cache(aws, text):
    role(aws)
    aws.call()
    aws.cache()[0].write_text(text)
    assert aws.call()["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"] * 2


def test_a_cache_whose_keys_are_none(aws):
    role(aws)
    aws.call()
    aws.cache()[0].write_text(json.dumps({"AccessKeyId": "A B", "SecretAccessKey": "s", "SessionToken": "t",
                                          "Expiration": "2099-01-01T00:00:00Z"}))
    assert aws.call()["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"] * 2


@pytest.mark.parametrize("minutes, asked", [(14, 1), (-1, 2)], ids=["that still work", "that have expired"])
def test_keys_that_somebody_else_is_renewing(aws, minutes, asked):
    """Nobody waits for those that still work; for others half of the time, and then each asks itself."""
    role(aws)
    aws.call()
    (file,) = aws.cache()
    age_to(file, minutes)
    with open(file.with_name(file.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert aws.call(deadline_ms=4000)["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"] * asked


def test_a_cache_that_others_can_write_is_not_believed(aws):
    role(aws)
    aws.call()
    aws.cache()[0].chmod(0o666)
    assert aws.call()["value"] == VALUE
    assert aws.asked_sts() == ["AssumeRole"] * 2
    assert stat.S_IMODE(aws.cache()[0].stat().st_mode) == 0o600


def test_without_a_folder_there_is_no_cache(aws):
    role(aws)
    for number, folder in enumerate(["/proc/nowhere", "/x" * 2100, "/x" * 2030, "/x" * 2010], 1):
        aws.env["XDG_STATE_HOME"] = folder
        assert aws.call()["value"] == aws.call()["value"] == VALUE
        assert aws.asked_sts() == ["AssumeRole"] * 2 * number


def test_a_program_that_says_when_its_keys_expire_runs_once(aws):
    keys = aws.store.session(aws.role("role-program"))
    text = json.dumps({"Version": 1, "SessionToken": keys.pop("Token"), **keys})
    count = aws.folder / "count"
    path = aws.machine.world.program("p", f"#!/bin/sh\necho x >>{count}\necho {shlex.quote(text)}\n")
    aws.config["profile p"] = {"credential_process": path}
    for _ in range(3):
        assert aws.call(profile="p")["value"] == VALUE
    assert count.read_text() == "x\n"


@pytest.mark.parametrize("keys", [{"SecretAccessKey": "s"}, {"AccessKeyId": "A"}], ids=["no id", "no secret"])
def test_a_program_that_prints_half_a_key(aws, keys):
    text = json.dumps({"Version": 1, **keys})
    path = aws.machine.world.program("p", f"#!/bin/sh\necho {shlex.quote(text)}\n")
    aws.config["profile p"] = {"credential_process": path}
    assert error(aws.call(profile="p"))[:2] == (
        "bad_credentials", "the credential_process of profile p did not print keys (JSON, Version 1)")


def test_a_program_whose_keys_have_no_session(aws):
    """Kept until they expire nevertheless."""
    key, secret = aws.store.user("user-program", EVERYTHING)
    count = aws.folder / "count"
    text = json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret,
                       "Expiration": "2099-01-01T00:00:00Z"})
    path = aws.machine.world.program("p", f"#!/bin/sh\necho x >>{count}\necho {shlex.quote(text)}\n")
    aws.config["profile p"] = {"credential_process": path}
    for _ in range(2):
        assert aws.call(profile="p")["value"] == VALUE
    assert count.read_text() == "x\n"


def test_entries_that_nobody_renews_are_swept(aws):
    role(aws)
    aws.call()
    old = aws.cache()[0].with_name("0" * 64)
    old.write_text("{}")
    os.utime(old, (1, 1))
    aws.config["default"]["role_session_name"] = "other"
    aws.call()
    assert not old.exists() and len(aws.cache()) == 2


# -- memory -------------------------------------------------------------------------------------

SECRET_OF = {"a role": role, "a web identity": web_identity, "a container": container,
             "an instance": instance, "a program": program}


def known_keys(aws, name):
    """Set the source up so that it hands out keys that the test knows: STS is made to answer with
    them."""
    SECRET_OF[name](aws)
    keys = aws.metadata.keys or aws.store.session(aws.role("role-known"))
    if name in ("a role", "a web identity"):
        action = "AssumeRole" if name == "a role" else "AssumeRoleWithWebIdentity"
        xml = "".join(f"<{tag}>{keys[key]}</{tag}>" for tag, key in (
            ("AccessKeyId", "AccessKeyId"), ("SecretAccessKey", "SecretAccessKey"), ("SessionToken", "Token"),
            ("Expiration", "Expiration")))
        aws.store.faults([{"action": action, "status": 200, "body": f"<R><Credentials>{xml}</Credentials></R>"}])
    if name == "a program":
        text = json.dumps({"Version": 1, "SessionToken": keys["Token"], **{k: keys[k] for k in (
            "AccessKeyId", "SecretAccessKey", "Expiration")}})
        aws.machine.world.program("print-keys", f"#!/bin/sh\necho {shlex.quote(text)}\n")
    return keys


@pytest.mark.parametrize("name", SECRET_OF)
def test_no_secret_is_left_in_memory(aws, watch_memory, name):
    """Neither in what is freed nor anywhere at the end, whether the keys were fetched or cached."""
    keys = known_keys(aws, name)
    markers = ["sk-ant-oat01", keys["SecretAccessKey"], keys["Token"][:90]]
    env = dict(aws.env)
    for watch in itertools.chain(*map(watch_memory, markers)):
        aws.env = {**env, **watch}
        answer = aws.call()  # asserts a silent stderr
        assert answer["ok"], answer
