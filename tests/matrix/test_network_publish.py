"""The network matrix: a writer whose put fails.  What may have been carried out is looked up before it is
put again, and that once; the login stays where it is, to be published by the next sync."""
import json

import pytest

from fake.fault_server import headers
from harness.network import CHECK_ENDPOINT, CHECK_NETWORK, HANGS, LOST, NO_ANSWER, PATIENCE, answer, row

PATH = "/claude/oauth/credentials.renewable"  # the first of the two
UNSURE = {"sent": 2}  # it was lost, is not there, and is put once more
PROXY = "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"
ONCE_MORE = {"sent": 2, "env": {"AWS_MAX_ATTEMPTS": "2"}}
SURE = {"sent": 1}


def put(way, says, hint="", **more):
    """Gets are answered as a store with nothing in it does."""
    return row(way, says, hint, only="PutParameter", **more)


def says(content, *words, http="200 OK", **more):
    return put("bytes", *words, bytes=answer(http, content), **more)


def error(words, hint="", status=69, message="AWS's own words", **more):
    """What the type, which is the row's name, becomes."""
    return {"says": words, "hint": hint, "status": status, "message": message, **SURE, **more}


def redirect(status):
    return put("bytes", f"HOST answered with a redirect (status {status}), which is never followed",
               "check the endpoint URL", bytes=headers(f"{status} Elsewhere", 0, "Location: ELSEWHERE/"), **SURE)


FAULTS = {
    "refused": row("refused", "cannot connect to HOST: Connection refused", CHECK_ENDPOINT, sent=0),
    "FIN after the request": put("empty", LOST, **UNSURE),
    "RST after the request": put("reset", LOST, **UNSURE),
    "FIN in the body": put("bytes", LOST, bytes=answer(body=b'{"Version":1}', length=99), **UNSURE),
    "silent": put("silent", NO_ANSWER, CHECK_NETWORK,
                  **{**HANGS, "patience": f"{2 * PATIENCE}s", "within": 2 * PATIENCE + 1}, **UNSURE),
    "a byte of the body a second": put(
        "drip", NO_ANSWER, CHECK_NETWORK, bytes=headers("200 OK", 1000), drop=b"{",
        **{**HANGS, "patience": f"{2 * PATIENCE}s", "within": 2 * PATIENCE + 1}, **UNSURE),
    "a page": says(b"<html>", "HOST answered with something that is not AWS's", PROXY, **UNSURE),
    "a body without end": put("flood", "HOST answered with more than 1048576 bytes",
                              "check the endpoint: this is no answer of AWS's",
                              bytes=headers("200 OK"), drop=b"x", **UNSURE),
    "no version": says(b"{}", "the answer has no version", **SURE),
    "version 0": says(b'{"Version":0}', "the answer has no version", **SURE),
    "version as text": says(b'{"Version":"1"}', "the answer has no version", **SURE),
    "500": says(b"", "HOST answered with status 500", http="500 Such", **UNSURE),
    "503": says(b"", "HOST answered with status 503", http="503 Such", **UNSURE),
    "429": says(b"", "HOST answered with status 429", http="429 Such", status=75, **ONCE_MORE),
    "301": redirect(301),
    "307": redirect(307),
    "403": says(b"<html>", "HOST answered with status 403 and a page that is not AWS's", PROXY, http="403 No", **SURE),
}
SECRET = "1 validation error detected: Value 'sk-ant-oat01-TEST' at 'value' failed to satisfy constraint: x"
PROFILE = "--profile claude-creds-writer --region us-west-2"
NO_SECURE_STRING = (f"parameter {PATH} is not a SecureString",
                    f"delete it: aws ssm delete-parameter {PROFILE} --name {PATH}", 65)
POLICIES = (f"the policies of {PATH} are not valid: AWS's own words",
            f"see them: aws ssm describe-parameters {PROFILE} --parameter-filters Key=Name,Values={PATH}", 65)

TYPES = {
    "AccessDeniedException": error(
        "access denied: User: u is not authorized to perform: ssm:PutParameter on resource: r because x",
        "allow ssm:PutParameter on r to u (profile claude-creds-writer)", 77, sent=2,  # of both values
        message="User: u is not authorized to perform: ssm:PutParameter on resource: r because x"),
    "TooManyUpdates": error(f"several machines are changing {PATH} at once", status=75, **ONCE_MORE),
    "ThrottlingException": error(
        "us-west-2 throttles this account's requests", "other programs share the limit (40 gets, 3 puts a second); "
        "raise it: aws ssm update-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled "
        "--setting-value true", 75, **ONCE_MORE),
    "ParameterLimitExceeded": error("this account has as many parameters in us-west-2 as it may",
                                    "delete some, or raise the quota in Service Quotas"),
    "ParameterMaxVersionLimitExceeded": error(
        f"the oldest of the 100 versions of {PATH} carries a label and cannot make room",
        f"move its label to the newest version: aws ssm label-parameter-version {PROFILE} --name {PATH} --labels LABEL"),
    "HierarchyLevelLimitExceededException": error(
        f"the name {PATH} has more than 15 levels", "use a shorter path in the store's URL", 65),
    "HierarchyTypeMismatchException": error(*NO_SECURE_STRING),
    "UnsupportedParameterType": error(*NO_SECURE_STRING),
    "ParameterPatternMismatchException": error(
        f"the allowed pattern set on {PATH} refuses the value", "remove the pattern from the parameter", 65),
    "InvalidAllowedPatternException": error("AWS refuses the allowed pattern: AWS's own words", status=65),
    "PoliciesLimitExceededException": error(
        f"parameter {PATH} has too many policies: AWS's own words", *POLICIES[1:]),
    "InvalidPolicyTypeException": error(*POLICIES),
    "InvalidPolicyAttributeException": error(*POLICIES),
    "IncompatiblePolicyException": error(*POLICIES),
    "InvalidKeyId": error(
        "KMS refused the parameter's key: AWS's own words", "allow kms:Encrypt on the parameter's KMS key "
        "(kms:ViaService ssm.us-west-2.amazonaws.com) to the user of profile claude-creds-writer, in its policy and "
        "the key's", 77, sent=2),
    "ValidationException": error("AWS refuses the request: " + SECRET.replace("sk-ant-oat01-TEST", ""), status=65,
                                 message=SECRET),
    "InternalServerError": error("HOST had an internal error", **UNSURE),
}


@pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
def test_publish(network, row):
    network.publish(row)


@pytest.mark.parametrize("name", TYPES)
def test_type(network, name):
    fields = dict(TYPES[name])
    content = json.dumps({"__type": name, "message": fields.pop("message")}).encode()
    network.publish(put("bytes", bytes=answer("400 Bad Request", content), **fields))
