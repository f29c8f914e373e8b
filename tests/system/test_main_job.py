"""The main job from end to end, on Parameter Store with the two users of the fleet that asked for
it: a writer publishes, a reader's lapsed login heals itself in one call of claude-p."""
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.parameter_store import allow, policy
from harness.relay import give_time

RECOVERED = ("[claude-p] auth lapsed; pulled fresh credentials from Parameter Store, "
             "retrying once.\n")

# Word for word the fleet's own; the endpoint is the only addition.
WRITER = """[claude]
tool = claude
role = writer
store = {store}
reader-profile = claude-creds-reader
writer-profile = claude-creds-writer
"""
READER = WRITER.replace("role = writer", "role = reader").replace(
    "writer-profile = claude-creds-writer\n", "")


@pytest.fixture
def fleet(machines, parameter_store, api):
    """(writer, reader), each with the keys its role needs; the writer has logged in and published."""
    writer, reader = machines("mac-1", "vps-1")
    give_time(writer, reader)
    profiles = parameter_store.profiles()
    writer.write_aws_profiles(**profiles)
    reader.write_aws_profiles(claude_creds_reader=profiles["claude_creds_reader"])
    writer.configure(WRITER.format(store=parameter_store.url()))
    reader.configure(READER.format(store=parameter_store.url()))
    for machine in (writer, reader):
        machine.install_client(api)
    writer.human_login(api)
    published = writer.run("credrelay", "publish")
    assert (published.status, published.err) == (0, ""), published
    parameter_store.faults([])
    return writer, reader


def answer_of(result, output_format):
    """What the model said, in any format."""
    if output_format == "text":
        return result.out
    return json.loads(result.out.splitlines()[-1])["result"] + "\n"


def arguments(output_format):
    more = {"text": [], "json": ["--output-format", "json"],
            "stream-json": ["--output-format", "stream-json", "--verbose"]}[output_format]
    return ["claude-p", *more, "reply with single word ok"]


def stub():
    return {"claudeAiOauth": {"accessToken": "", "refreshToken": "", "expiresAt": 0,
                              "scopes": ["user:inference"], "subscriptionType": "max"}}


def refused_by_the_server(reader, api):
    token = api.login()
    api.revoke(token["accessToken"])
    token.pop("refreshToken")
    reader.write_login({"claudeAiOauth": token})


LAPSES = {
    "no file": lambda reader, api: None,
    "blank": lambda reader, api: reader.write_login(stub()),
    "torn": lambda reader, api: reader.write_login('{"claudeAiOauth":{"accessToken":"sk-ant-oa'),
    "empty": lambda reader, api: reader.write_login(""),
    "old": lambda reader, api: reader.write_login(
        access="sk-ant-oat01-TEST-old", refresh=None, expires_in=-3600),
    "refused": refused_by_the_server,
}


@pytest.mark.parametrize("output_format", ["text", "json", "stream-json"])
@pytest.mark.parametrize("lapse", LAPSES)
def test_a_reader_recovers_in_one_call(fleet, api, parameter_store, lapse, output_format):
    writer, reader = fleet
    LAPSES[lapse](reader, api)
    result = reader.run(*arguments(output_format))
    assert (result.status, result.err) == (0, RECOVERED), result
    assert answer_of(result, output_format) == "ok\n"
    assert "Failed to authenticate" not in result.out
    assert reader.login_mode() == "0o600"
    assert reader.access_token() == writer.access_token()
    assert "refreshToken" not in reader.read_login()["claudeAiOauth"]
    assert parameter_store.actions() == [("GetParameter", 200)]
    run = reader.events("run")[-1]
    assert (run["recovery_attempted"], run["recovery_succeeded"]) == (True, True)
    # And once more: nothing to recover, nothing said, nobody asked.
    again = reader.run(*arguments(output_format))
    assert (again.status, again.err, answer_of(again, output_format)) == (0, "", "ok\n")
    assert len(parameter_store.log()) == 1


def test_the_two_values(fleet, parameter_store):
    writer, _ = fleet
    full = writer.read_login()["claudeAiOauth"]
    shared = json.loads(parameter_store.get()["value"])["claudeAiOauth"]
    assert shared == {k: v for k, v in full.items() if k != "refreshToken"}
    renewable = json.loads(parameter_store.get(parameter_store.path + ".renewable")["value"])
    assert renewable == {"holder": "mac-1", "login": {"claudeAiOauth": full}}
    assert parameter_store.get()["type"] == "SecureString"


def test_publishing_twice_makes_one_version(fleet, parameter_store):
    writer, _ = fleet
    again = writer.run("credrelay", "publish", "--json").json
    assert (again["did"], again["why"], again["version"]) == ("nothing", "same", 1)
    assert len(parameter_store.history()) == 1


def test_a_reader_is_refused_before_the_store(fleet, parameter_store):
    _, reader = fleet
    reader.write_login(access="sk-ant-oat01-TEST-injected")
    result = reader.run("credrelay", "publish")
    assert result.status == 77
    assert result.err == (
        "credrelay: publish: this machine is a reader: it never publishes\n"
        "  publish on a writer, or make this one a writer: role = writer\n")
    assert parameter_store.log() == []


def test_a_reader_is_refused_by_the_store(fleet, parameter_store):
    """Somebody turned it into a writer in the configuration; its key is still a reader's."""
    _, reader = fleet
    reader.write_login(access="sk-ant-oat01-TEST-injected", expires_in=9 * 3600)
    config = WRITER.format(store=parameter_store.url()).replace(
        "writer-profile = claude-creds-writer", "writer-profile = claude-creds-reader")
    reader.configure(config)
    result = reader.run("credrelay", "publish")
    assert result.status == 77, result
    assert result.err.startswith("credrelay: publish: Parameter Store: PutParameter: access denied")
    assert len(parameter_store.history()) == 1


@pytest.mark.parametrize("content", [stub(), '{"claudeAiOauth":{"acc', "", "[]", {"mcpOAuth": {}}],
                         ids=["blank", "torn", "empty", "array", "logged-out"])
def test_what_is_no_login_is_never_published(fleet, parameter_store, content):
    writer, _ = fleet
    writer.write_login(content)
    assert writer.run("credrelay", "publish").status == 65
    assert writer.run("credrelay", "publish", "--force").status == 65
    assert len(parameter_store.history()) == 1
    # sync brings the login back instead.  This machine is its holder and gets the refresh token,
    # but for the stub: that one says that the refresh token is spent.
    assert writer.run("credrelay", "sync").status == 0
    restored = writer.read_login()["claudeAiOauth"]
    assert ("refreshToken" in restored) == (content != stub())
    assert restored["accessToken"]


def test_an_older_login_is_never_published(fleet, parameter_store, api):
    writer, _ = fleet
    backup = writer.login_path.read_bytes()
    writer.human_login(api, lifetime=600)  # shorter, and newer all the same
    assert writer.run("credrelay", "publish").status == 0
    writer.write_login(backup)
    result = writer.run("credrelay", "publish")
    assert (result.status, result.err) == (
        65, "credrelay: publish: not published: the login here is an older one, seen before\n"
            "  credrelay pull takes the store's login; credrelay publish --force insists\n")
    assert len(parameter_store.history()) == 2


def test_the_shared_value_is_a_credentials_file(fleet, parameter_store, tmp_path):
    """`aws ssm get-parameter --with-decryption --query Parameter.Value --output text >FILE`, with
    the SDK that the command is made of."""
    _, reader = fleet
    get = ("import boto3, sys; print(boto3.Session(profile_name='claude-creds-reader')"
           ".client('ssm', region_name=sys.argv[1], endpoint_url=sys.argv[2])"
           ".get_parameter(Name=sys.argv[3], WithDecryption=True)['Parameter']['Value'])")
    value = reader.run(os.environ["MOTO_PYTHON"], "-c", get, parameter_store.region,
                       parameter_store.endpoint, parameter_store.path)
    assert value.status == 0, value.err
    reader.login_path.parent.mkdir(mode=0o700)
    reader.login_path.write_text(value.out)
    result = reader.run("claude", "-p", "reply with single word ok")
    assert (result.status, result.out) == (0, "ok\n")


def test_a_policy_for_the_one_parameter_alone(machines, parameter_store, api):
    """The older set-up's writer may touch the shared value only: it publishes, and says what is
    missing."""
    (writer,) = machines("mac-1")
    writer.write_aws_profiles(**parameter_store.profiles(literal=True))
    writer.configure(WRITER.format(store=parameter_store.url()))
    writer.human_login(api)
    result = writer.run("credrelay", "publish")
    assert result.status == 0, result
    path = parameter_store.path
    assert f"warning: {path}.renewable could not be put: " in result.err
    assert f"ssm:PutParameter on {path}.renewable" in result.err
    assert '"refreshToken"' not in parameter_store.get()["value"]
    assert writer.run("credrelay", "sync").status == 0
    assert writer.read_login()["claudeAiOauth"]["refreshToken"]


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_fifty_runs_after_one_rotation(fleet, machines, api, parameter_store, role):
    writer, reader = fleet
    first = reader
    if role == "writer":
        (first,) = machines("mac-2")
        first.write_aws_profiles(**parameter_store.profiles())
        first.configure(WRITER.format(store=parameter_store.url()))
        first.install_client(api)
    assert first.run("credrelay", "pull").status == 0
    old = writer.access_token()
    writer.human_login(api)
    api.revoke(old)
    assert writer.run("credrelay", "publish").status == 0
    parameter_store.faults([])
    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda _: first.run(*arguments("text"), timeout=120), range(50)))
    assert [(r.status, r.out) for r in results] == [(0, "ok\n")] * 50
    # whoever began after the others had pulled had nothing to recover from
    assert {r.err for r in results} - {""} == {RECOVERED}
    reads = [action for action, _ in parameter_store.actions() if action == "GetParameter"]
    assert 1 <= len(reads) <= 2


STALE = {"access": "sk-ant-oat01-TEST-STALE", "refresh": None}


@pytest.mark.parametrize("command", ["pull", "claude-p"])
def test_a_store_that_denies(fleet, parameter_store, command):
    _, reader = fleet
    other = allow("ssm:GetParameter", "arn:aws:ssm:us-west-2:123456789012:parameter/other")
    reader.write_aws_profiles(
        claude_creds_reader=parameter_store.user("claude-creds-reader", policy(other)))
    reader.write_login(**STALE)
    before = reader.login_path.read_bytes()
    result = reader.run(*(["credrelay", "pull"] if command == "pull" else arguments("text")))
    assert result.status == (77 if command == "pull" else 78), result
    assert "Parameter Store: GetParameter: access denied" in result.err
    assert reader.login_path.read_bytes() == before


def test_throttling_is_waited_out(fleet, parameter_store):
    writer, reader = fleet
    parameter_store.faults([{"action": "GetParameter", "times": 2, "status": 400,
                             "type": "ThrottlingException", "message": "Rate exceeded"}])
    result = reader.run("credrelay", "pull")
    assert (result.status, result.err) == (0, ""), result
    assert reader.access_token() == writer.access_token()
