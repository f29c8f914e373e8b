"""The network matrix: claude-p.  With a login that works nobody is asked, whatever the network does; with
one that the vendor refuses, it ends with status 78 in bounded time and says why; one that has only expired
goes to the vendor all the same, who has the last word."""
import pytest

from harness.network import (CHECK_ENDPOINT, CHECK_NETWORK, HANGS, LOST, NO_ANSWER, NO_CONNECTION, answer, parameter,
                             row, shared)
from harness.relay import made_up

PROXY = "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint"
REFUSED = "Failed to authenticate. API Error: 401 Invalid authentication credentials\n"

FAULTS = {
    "refused": row("refused", "cannot connect to HOST: Connection refused", CHECK_ENDPOINT, tries=0),
    "SYN into a black hole": row("black_hole", NO_CONNECTION, CHECK_NETWORK, tries=0, **HANGS),
    "silent": row("silent", NO_ANSWER, CHECK_NETWORK, **HANGS),
    "RST after the request": row("reset", LOST, tries=3),
    "302": row("bytes", "HOST answered with a redirect (status 302), which is never followed",
               "check the endpoint URL", bytes=answer("302 Elsewhere", b"", "Location: ELSEWHERE/")),
    "500": row("bytes", "HOST answered with status 500", bytes=answer("500 Such"), tries=3),
    "a page": row("bytes", "HOST answered with something that is not AWS's", PROXY, bytes=answer(body=b"<html>")),
    "a body of 1 GiB": row("flood", "HOST answered with more than 1048576 bytes",
                           "check the endpoint: this is no answer of AWS's", bytes=answer(length=1 << 30), drop=b"x"),
    "access denied": row("bytes", "access denied: no", "allow ssm:GetParameter on the parameter to the user of "
                         "profile claude-creds-reader",
                         bytes=answer("400 Such", b'{"__type":"AccessDeniedException","message":"no"}')),
}


@pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
def test_a_login_that_works(network, row):
    result = network.claude_p(row, made_up(1, refresh=None))
    assert (result.status, result.out, result.err) == (0, "You said: hi\n", "")
    network.check_requests(0, 0)


@pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
def test_a_login_that_is_refused(network, row):
    result = network.claude_p(row, made_up("STALE", refresh=None))
    hint = f"[claude-p]   {row.hint}\n" if row.hint else ""
    assert (result.status, result.out, network.said(result)) == (
        78, REFUSED, f"[claude-p] not recovered: Parameter Store: GetParameter: {row.says}.\n{hint}")
    network.check_requests(row.tries, row.tries)


@pytest.mark.parametrize("row", FAULTS.values(), ids=FAULTS)
def test_a_login_that_has_expired_and_is_taken(network, row):
    result = network.claude_p(row, made_up(1, refresh=None, expires_in=-60))
    assert (result.status, result.out, result.err) == (0, "You said: hi\n", "")
    network.check_requests(row.tries, row.tries)


@pytest.mark.parametrize("name", ["expired", "refused as well"])
def test_a_store_that_has_no_better_one(network, name):
    """The one there is refused too: one run more, and no third."""
    there = shared("STALE-2", expires_in=-30 if name == "expired" else 3600)
    r = row("bytes", "", bytes=answer(body=parameter(there)), within=5.0)
    result = network.claude_p(r, made_up("STALE", refresh=None, expires_in=-60))
    assert (result.status, result.out) == (78, REFUSED), result
    assert len(network.world.client_runs()) <= 2
