"""The network matrix: connections that do not come about, break, stall or speak no proper HTTP."""
import gzip
import os

import pytest

from fake.fault_server import headers
from harness.network import (CHECK_ENDPOINT, CHECK_NETWORK, HANGS, LOST, NO_ANSWER, NO_CONNECTION,
                             PATIENCE, answer, parameter, row)

GOOD = parameter()
OK, CHUNKED = headers("200 OK"), headers("200 OK", None, "Transfer-Encoding: chunked")
WHOLE = b"%x\r\n%s\r\n" % (len(GOOD), GOOD)
BROKEN = {"tries": 3}  # what was lost on the way is asked for twice more

NOT_HTTP = ("no HTTP answer from HOST: Unsupported protocol", "check the endpoint URL and the proxy variables")
WEIRD = ("no HTTP answer from HOST: Weird server reply", "check the endpoint URL and the proxy variables")
NOT_AWS = ("HOST answered with something that is not AWS's",
           "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint")
MANY_HEADERS = ("HOST answered with more than 65536 bytes of headers",
                "check the endpoint: this is no answer of AWS's")
TOO_LONG = ("HOST answered with more than 1048576 bytes", "check the endpoint: this is no answer of AWS's")

CONNECTING = {
    "refused": row("refused", "cannot connect to HOST: Connection refused", CHECK_ENDPOINT, tries=0),
    "SYN into a black hole": row("black_hole", NO_CONNECTION, CHECK_NETWORK, tries=0, **HANGS),
    "RST after accept": row("reset_at_once", LOST, **BROKEN, sent=0),
    "FIN after accept": row("close_at_once", LOST, **BROKEN, sent=0),
    "RST after the request": row("reset", LOST, **BROKEN),
    "FIN after the request": row("empty", LOST, **BROKEN),
    "RST in the headers": row("bytes", LOST, bytes=b"HTTP/1.1 200 OK\r\nContent-Ty", then="reset", **BROKEN),
    "FIN in the headers": row("bytes", LOST, bytes=b"HTTP/1.1 200 OK\r\nContent-Ty", **BROKEN),
    "FIN before the headers end": row("bytes", LOST, bytes=b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n", **BROKEN),
    "RST in the body": row("bytes", LOST, bytes=answer(body=GOOD)[:-9], then="reset", **BROKEN),
    "FIN in the body": row("bytes", LOST, bytes=answer(body=GOOD)[:-9], **BROKEN),
}

# The second try ends shortly before the time is up, and what is to be said must be said in the rest.
TWICE = {"patience": f"{2 * PATIENCE}s", "within": 2 * PATIENCE + 1, "env": {"AWS_MAX_ATTEMPTS": "2"}, "tries": 2}

STALLING = {
    "silent": row("silent", NO_ANSWER, CHECK_NETWORK, **HANGS),
    "silent, twice": row("silent", NO_ANSWER.replace("1 attempt", "2 attempts"), CHECK_NETWORK, **TWICE),
    "a byte of the headers a second": row(
        "drip", NO_ANSWER, CHECK_NETWORK, bytes=b"HTTP/1.1 200 OK\r\nX: ", drop=b"x", **HANGS),
    "a byte of the body a second": row(
        "drip", NO_ANSWER, CHECK_NETWORK, bytes=headers("200 OK", 1000), drop=b"{", **HANGS),
    "a byte of the chunks a second": row(
        "drip", NO_ANSWER, CHECK_NETWORK, bytes=CHUNKED, drop=b"1\r\nx\r\n", **HANGS),
    "100 Continue without end": row(
        "drip", NO_ANSWER, CHECK_NETWORK, drop=b"HTTP/1.1 100 Continue\r\n\r\n", **HANGS),
    "half the body, then nothing": row(
        "bytes", NO_ANSWER, CHECK_NETWORK, bytes=answer(body=GOOD)[:-9], then="wait", **HANGS),
}

FRAMING = {
    "100 Continue, then the answer": row("bytes", "", bytes=b"HTTP/1.1 100 Continue\r\n\r\n" + answer(body=GOOD)),
    "103 Early Hints, then the answer": row(
        "bytes", "", bytes=headers("103 Early Hints", None, "Link: <ELSEWHERE>") + answer(body=GOOD)),
    "101 Switching Protocols": row("bytes", LOST, bytes=headers("101 Switching Protocols"), **BROKEN),
    "HTTP/1.0": row("bytes", "", bytes=b"HTTP/1.0 200 OK\r\n\r\n" + GOOD),
    "HTTP/0.9": row("bytes", *NOT_HTTP, bytes=GOOD),
    "frames of HTTP/2": row("bytes", *NOT_HTTP, bytes=bytes.fromhex("000012040000000000000300000064")),
    "SSH": row("bytes", *NOT_HTTP, bytes=b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "4 KiB of garbage": row("bytes", *NOT_HTTP, bytes=b"\0" + os.urandom(4096)),
    "no status": row("bytes", *NOT_HTTP, bytes=b"HTTP/1.1\r\n\r\n"),
    "status 1000": row("bytes", *NOT_HTTP, bytes=b"HTTP/1.1 1000 Many\r\n\r\n"),
    "NUL in a header": row("bytes", *WEIRD, bytes=headers("200 OK", None, "X: a\0b") + GOOD),
    "a header that is none": row("bytes", *WEIRD, bytes=headers("200 OK", None, "rubbish") + GOOD),

    "no length, the end is the end": row("bytes", "", bytes=OK + GOOD),
    "no length, cut short": row("bytes", *NOT_AWS, bytes=OK + GOOD[:-9]),
    "shorter than its length": row("bytes", LOST, bytes=answer(body=GOOD, length=len(GOOD) + 9), **BROKEN),
    "longer than its length": row("bytes", "", bytes=answer(body=GOOD) + b"and more"),
    "a length in the middle of it": row("bytes", *NOT_AWS, bytes=answer(body=GOOD, length=len(GOOD) - 9)),
    "a length below zero": row("bytes", *WEIRD, bytes=headers("200 OK", -5) + GOOD),
    "a length that is no number": row("bytes", *WEIRD, bytes=headers("200 OK", "many") + GOOD),
    "a length and chunks": row(
        "bytes", "", bytes=headers("200 OK", 5, "Transfer-Encoding: chunked") + WHOLE + b"0\r\n\r\n"),

    "chunks": row("bytes", "", bytes=CHUNKED + WHOLE + b"0\r\n\r\n"),
    "no last chunk": row("bytes", LOST, bytes=CHUNKED + WHOLE, **BROKEN),
    "a chunk shorter than its size": row(
        "bytes", LOST, bytes=CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD) + 9, GOOD), **BROKEN),
    "a chunk longer than its size": row(
        "bytes", LOST, bytes=CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD) - 9, GOOD), **BROKEN),
    "a chunk of 2^63-1 bytes": row("bytes", LOST, bytes=CHUNKED + b"7fffffffffffffff\r\n{}\r\n0\r\n\r\n", **BROKEN),
    "a chunk of more than 2^64 bytes": row("bytes", LOST, bytes=CHUNKED + b"fffffffffffffffff\r\n{}\r\n", **BROKEN),
    "a chunk of -2 bytes": row("bytes", LOST, bytes=CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n", **BROKEN),
    "a chunk of zz bytes": row("bytes", LOST, bytes=CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", **BROKEN),
}

FLOODS = {
    "a header without end": row("flood", *MANY_HEADERS, bytes=b"HTTP/1.1 200 OK\r\nX: ", drop=b"x"),
    "a first line without end": row("flood", *MANY_HEADERS, bytes=b"HTTP/1.1 200 ", drop=b"x"),
    "headers without end": row("flood", *MANY_HEADERS, bytes=b"HTTP/1.1 200 OK\r\n", drop=b"X: y\r\n"),
    "a header of 90,000 bytes": row("bytes", *MANY_HEADERS, bytes=answer("200 OK", GOOD, "X: " + "x" * 90_000)),
    "100 Continue without end": row("flood", *MANY_HEADERS, drop=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers behind the last chunk, without end": row(
        "flood", *MANY_HEADERS, bytes=CHUNKED + WHOLE + b"0\r\n", drop=b"X: y\r\n"),
    "a body of 1 GiB": row("flood", *TOO_LONG, bytes=headers("200 OK", 1 << 30), drop=b"x"),
    "a body without end": row("flood", *TOO_LONG, bytes=OK, drop=b"x"),
    "chunks without end": row("flood", *TOO_LONG, bytes=CHUNKED, drop=b"4\r\nxxxx\r\n"),
    "16 MiB in 16 KiB of gzip": row(
        "bytes", *NOT_AWS, bytes=answer("200 OK", gzip.compress(b" " * (16 << 20)), "Content-Encoding: gzip")),
    "16 MiB in 16 KiB of gzip, by transfer encoding": row(
        "bytes", *TOO_LONG,
        bytes=headers("200 OK", None, "Transfer-Encoding: gzip") + gzip.compress(b" " * (16 << 20))),
}


@pytest.mark.parametrize("row", CONNECTING.values(), ids=CONNECTING)
def test_connecting(network, row):
    network.pull(row)


@pytest.mark.parametrize("row", STALLING.values(), ids=STALLING)
def test_stalling(network, row):
    network.pull(row)


@pytest.mark.parametrize("row", FRAMING.values(), ids=FRAMING)
def test_framing(network, row):
    network.pull(row)


@pytest.mark.parametrize("row", FLOODS.values(), ids=FLOODS)
def test_floods(network, row):
    """Read no further than the limit and what the socket holds."""
    network.pull(row)
    assert network.server.sent < 64 << 20
