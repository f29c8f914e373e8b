"""The network matrix: answers that are proper HTTP and not what was asked for."""
import json

import pytest

from harness.network import answer, parameter, row, shared
from harness.relay import made_up, token

PAGE = b"<html><h1>Not what you think</h1></html>"
A_PROXY = "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"
NOT_AWS = ("HOST answered with something that is not AWS's", A_PROXY)
ELSEWHERE = "Location: ELSEWHERE/"
ONCE_MORE = {"tries": 2, "env": {"AWS_MAX_ATTEMPTS": "2"}}  # of three, so that the pauses are short


def page(status, **more):
    return row("bytes", f"HOST answered with status {status} and a page that is not AWS's", A_PROXY,
               bytes=answer(f"{status} Such", PAGE), **more)


def broken(status, *headers):
    """A server's own trouble is waited out."""
    return row("bytes", f"HOST answered with status {status}", bytes=answer(f"{status} Such", PAGE, *headers), tries=3)


def redirect(status, *headers, body=b""):
    return row("bytes", f"HOST answered with a redirect (status {status}), which is never followed",
               "check the endpoint URL", bytes=answer(f"{status} Elsewhere", body, *(headers or [ELSEWHERE])))


STATUSES = {
    "201": page(201), "204": row("bytes", "HOST answered with status 204 and a page that is not AWS's", A_PROXY,
                                 bytes=b"HTTP/1.1 204 No Content\r\n\r\n"),
    "206": page(206),
    "300": redirect(300), "301": redirect(301), "302": redirect(302), "303": redirect(303), "305": redirect(305),
    "307": redirect(307), "308": redirect(308),
    "301 without a place": redirect(301, "X: y"),
    "302 with a page": redirect(302, ELSEWHERE, body=PAGE),
    "307 to a file": redirect(307, "Location: file:///etc/passwd"),
    "200 with a Location": row("bytes", "", bytes=answer("200 OK", parameter(), ELSEWHERE)),
    "200 with a Refresh": row("bytes", *NOT_AWS, bytes=answer("200 OK", PAGE, "Refresh: 0; url=ELSEWHERE/")),
    "400": page(400), "401": page(401),
    "401 that asks for a password": row(
        "bytes", "HOST answered with status 401 and a page that is not AWS's", A_PROXY,
        bytes=answer("401 Unauthorized", PAGE, 'WWW-Authenticate: Basic realm="x"', "WWW-Authenticate: Negotiate")),
    "403": page(403), "404": page(404), "405": page(405), "407": page(407), "408": page(408), "413": page(413),
    "418": page(418), "421": page(421), "451": page(451),
    "429": row("bytes", "HOST answered with status 429", status=75, bytes=answer("429 Too Many", PAGE), **ONCE_MORE),
    "429, come back in an hour": row("bytes", "HOST answered with status 429", status=75,
                                     bytes=answer("429 Too Many", PAGE, "Retry-After: 3600")),
    "503, come back in an hour": row("bytes", "HOST answered with status 503",
                                     bytes=answer("503 Such", PAGE, "Retry-After: 3600")),
    "503, come back on a date": broken(503, "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"),
    "503, come back never": broken(503, "Retry-After: 99999999999999999999"),
    "400 of AWS's, come back in an hour": row(
        "bytes", "us-west-2 throttles this account's requests", status=75,
        bytes=answer("400 Such", b'{"__type":"TooManyRequestsException"}', "x-amz-retry-after: 3600000")),
    "500": broken(500), "501": page(501), "502": broken(502), "503": broken(503), "504": broken(504),
    "505": page(505), "511": page(511), "599": page(599), "999": page(999),
    "200 with a page": row("bytes", *NOT_AWS, bytes=answer("200 OK", PAGE, "Content-Type: text/html")),
}

# -- errors of AWS's -------------------------------------------------------------------------------

THERE_IS_NONE = ("there is no parameter /claude/oauth/credentials in us-west-2",
                 "publish from a writer first: credrelay publish")


def spelt(body=b"", *headers):
    """The error that says that there is no such parameter."""
    return row("bytes", "neither this machine nor the store has a login that works",
               "it comes when a writer publishes; on a writer: credrelay publish", status=75,
               bytes=answer("400 Bad Request", body, *headers))


SPELLINGS = {
    "__type": spelt(b'{"__type":"ParameterNotFound"}'),
    "__type with a namespace": spelt(b'{"__type":"com.amazonaws.ssm#ParameterNotFound"}'),
    "__type with a URL": spelt(b'{"__type":"ParameterNotFound:http://internal.amazon.com/coral/com.amazon/"}'),
    "__type with both": spelt(b'{"__type":"a.b#ParameterNotFound:http://internal.amazon.com/#x/"}'),
    "header": spelt(b"", "x-amzn-ErrorType: ParameterNotFound"),
    "header with a URL": spelt(b"{}", "X-Amzn-Errortype: ParameterNotFound:http://internal.amazon.com/"),
    "message, Message, in another order": spelt(b'{"Message":"m","message":"n","__type":"ParameterNotFound"}'),
    "XML": spelt(b"<ErrorResponse><Error><Code>ParameterNotFound</Code></Error></ErrorResponse>"),
    "blanks before": spelt(b'\r\n\t {"__type":"ParameterNotFound"}'),
}

OWNER, FLAG = "profile claude-creds-reader", "--profile claude-creds-reader"
MESSAGE = "AWS's own words"


def error(says, hint="", code=69, message=MESSAGE, headers=(), status="400 Bad Request", **more):
    """What the type, which is the row's name, becomes."""
    return {"says": says, "hint": hint, "status": code, "message": message, "headers": headers, "http": status, **more}


THROTTLED = error("us-west-2 throttles this account's requests", code=75, **ONCE_MORE)
INTERNAL = error("HOST had an internal error", status="500 Internal Server Error", tries=3)
UNKNOWN_KEY = error(f"AWS does not know the access key of {OWNER}: deleted, inactive, or its session token is wrong",
                    f"check the keys: aws sts get-caller-identity {FLAG}", 77)
WRONG_SECRET = error(f"the secret key of {OWNER} does not belong to its access key",
                     f"enter both again: aws configure {FLAG}", 77)
CLOCK = error("this machine's clock is wrong",
              "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)")

TYPES = {
    "UnrecognizedClientException": UNKNOWN_KEY,
    "InvalidClientTokenId": UNKNOWN_KEY,
    "InvalidSignatureException": WRONG_SECRET,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "ExpiredTokenException": error(f"the temporary keys of {OWNER} have expired",
                                   "get new ones (aws sso login, aws sts assume-role), or use keys that last", 77),
    "MissingAuthenticationTokenException": error(
        "the signature did not reach HOST", "a proxy may have removed the Authorization header", 77),
    "IncompleteSignatureException": error(
        f"AWS cannot read the signature made with {OWNER}", "look for stray characters in aws_access_key_id", 77),
    "OptInRequired": error(f"this account cannot use us-west-2: {MESSAGE}",
                           "enable the region in the account's settings", 77),
    "RequestTimeTooSkewed": CLOCK,
    "RequestExpired": CLOCK,
    "AccessDeniedException": error(
        f"access denied: {MESSAGE}", f"allow ssm:GetParameter on the parameter to the user of {OWNER}", 77),
    "InvalidKeyId": error(
        f"KMS refused the parameter's key: {MESSAGE}",
        "allow kms:Decrypt on the parameter's KMS key (kms:ViaService ssm.us-west-2.amazonaws.com) to the user of "
        f"{OWNER}, in its policy and the key's", 77),
    "ValidationException": error(f"AWS refuses the request: {MESSAGE}", code=65),
    "ThrottlingException": error(
        THROTTLED["says"], "other programs share the limit (40 gets, 3 puts a second); raise it: aws ssm "
        "update-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled --setting-value true",
        75, headers=["x-amz-retry-after: 10"], tries=3),
    "TooManyRequestsException": THROTTLED,
    "RequestLimitExceeded": THROTTLED,
    "InternalServerError": INTERNAL,
    "InternalFailure": INTERNAL,
    "ServiceUnavailable": error("HOST is not available", status="503 Service Unavailable", tries=3),
    "RequestTimeoutException": error("HOST gave up waiting for the request", tries=3),
    "NewException": error(f"NewException: {MESSAGE}"),
    "NewException without a word": error("NewException", message=""),
    "<b>": error("HOST answered with status 400 and a page that is not AWS's", A_PROXY),
}

# -- bodies ----------------------------------------------------------------------------------------

NO_PARAMETER = "the answer has no version and value of a parameter"


def body(content, says=NOT_AWS, **more):
    says, hint = (says, "") if isinstance(says, str) else says
    return row("bytes", says, hint, bytes=answer(body=content), **more)


BODIES = {
    "empty": body(b""),
    "garbage": body(b'{"Parameter":'),
    "an array": body(b"[]"),
    "null": body(b"null"),
    "another object": body(b"{}", NO_PARAMETER),
    "NUL": body(parameter().replace(b":", b":\0", 1)),
    "NUL behind it": body(parameter() + b"\0"),
    "NUL, escaped": body(parameter(shared() + "\0")),
    "a mark before it": body(b"\xef\xbb\xbf" + parameter()),
    "invalid UTF-8": body(b'{"Parameter":{"Value":"\xff","Version":7}}'),
    "half a surrogate pair": body(b'{"Parameter":{"Value":"\\ud800","Version":7}}'),
    "100,000 arrays deep": body(b"[" * 100_000),
    "50,000 objects deep": body(b'{"a":' * 50_000),
    "the same key twice": body(parameter()[:-1] + b',"Parameter":{}}'),
    "no version": body(b'{"Parameter":{"Value":"{}"}}', NO_PARAMETER),
    "version 0": body(parameter(version=0), NO_PARAMETER),
    "version -1": body(parameter(version=-1), NO_PARAMETER),
    "version as text": body(parameter(version="7"), NO_PARAMETER),
    "version 2^63": body(parameter(version=2**63)),
    "version 1e400": body(parameter().replace(b'"Version": 7', b'"Version": 1e400')),
    "no value": body(b'{"Parameter":{"Version":7}}', NO_PARAMETER),
    "a value that is a number": body(b'{"Parameter":{"Value":7,"Version":7}}', NO_PARAMETER),
    "a date that is none": body(parameter(LastModifiedDate="yesterday"), ""),
    "another name": body(parameter(Name="/other"), ""),
}
NO_LOGIN = {
    "empty": "",
    "a page": PAGE.decode(),
    "an empty object": "{}",
    "cut short": shared()[:-9],
    "the stub of a refused refresh": json.dumps({"claudeAiOauth": {
        "accessToken": "", "refreshToken": "", "expiresAt": 0, "scopes": ["user:inference"]}}),
    "no scopes": shared(scopes=None),
    "NUL in the token": shared(access="sk-ant-oat01-TEST\0"),
    "4,000 arrays deep": "[" * 4000,
    "the same key twice": shared()[:-1] + ',"claudeAiOauth":{}}',
    "control characters": "\x1b[31m",
}


@pytest.mark.parametrize("row", STATUSES.values(), ids=STATUSES)
def test_status(network, row):
    network.pull(row)


def test_a_server_that_says_when_to_come_back(network):
    seconds = network.pull(row("bytes", "HOST answered with status 429", status=75, **ONCE_MORE,
                               bytes=answer("429 Too Many", PAGE, "Retry-After: 2")))
    assert seconds > 2.0


@pytest.mark.parametrize("row", SPELLINGS.values(), ids=SPELLINGS)
def test_spelling(network, row):
    network.pull(row, "")


@pytest.mark.parametrize("name", TYPES)
def test_type(network, name):
    fields = dict(TYPES[name])
    content = json.dumps({"__type": name.split()[0], "message": fields.pop("message")}).encode()
    network.pull(row("bytes", bytes=answer(fields.pop("http"), content, *fields.pop("headers")), **fields))


@pytest.mark.parametrize("row", BODIES.values(), ids=BODIES)
def test_body(network, row):
    network.pull(row)


@pytest.mark.parametrize("name", NO_LOGIN)
def test_a_value_that_is_no_login(network, name):
    network.pull(row("bytes", "neither this machine nor the store has a login that works",
                     "it comes when a writer publishes; on a writer: credrelay publish", status=75,
                     bytes=answer(body=parameter(NO_LOGIN[name]))), "")


# -- logins that are not the right ones ------------------------------------------------------------


def pull(network, *, here, there, version=7):
    """(exit status, what is said, the token on disk) of a reader with login HERE and the store's THERE."""
    network.world.write_login(here)
    content = answer(body=parameter(there, version))
    if network.server:
        network.server.options["bytes"] = content
    else:
        network.start(row("bytes", "", bytes=content), "reader")
    result = network.world.run("credrelay", "pull")
    assert network.world.login_mode() == "0o600"
    return result.status, result.err, result.out.split(" (")[0], network.world.access_token()


def test_a_full_login_where_the_shared_one_belongs(network):
    """A reader takes the access token alone."""
    assert pull(network, here=made_up("old", refresh=None, expires_in=-60), there=json.dumps(made_up(1)))[3] == token(1)
    assert "refreshToken" not in network.world.read_login()["claudeAiOauth"]


@pytest.mark.parametrize("here", [60, 3600])
def test_an_expired_login_inside_does_not_beat_one_that_works(network, here):
    mine = made_up("mine", refresh=None, expires_in=here)
    assert pull(network, here=mine, there=shared(1, expires_in=-30)) == (
        0, "", "nothing to do: a newer login was made on this reader: kept here, not published", token("mine"))


def test_an_older_version(network):
    """The store has gone back.  It might be a replica that lags, so it is asked again; then what it
    says counts, and the later login stays where it is."""
    assert pull(network, here=made_up("old", refresh=None, expires_in=-60), there=shared(2), version=9)[3] == token(2)
    kept = pull(network, here=network.world.read_login(), there=shared(1, expires_in=1800), version=3)
    assert kept == (0, "", "nothing to do: a newer login was made on this reader: kept here, not published", token(2))
    assert 2 < len(network.server.requests) <= 4
