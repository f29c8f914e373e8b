"""One HTTP request, to loopback only."""
import os
import sys

from _socket import AF_INET, SOCK_STREAM, socket, timeout

from . import quick

IDLE = 2.0  # seconds: how often somebody who holds a lock gets to touch it
LOOPBACK = ("127.0.0.1", "localhost")


def base_url():
    return os.environ.get("ANTHROPIC_BASE_URL", "").rstrip("/")


def token_url():
    url = os.environ.get("FAKE_CLAUDE_TOKEN_URL")
    return url or (base_url() and base_url() + "/v1/oauth/token")


def host(url):
    """HOST:PORT of a URL."""
    return url.partition("://")[2].partition("/")[0]


def post(url, body, headers=(), idle=lambda: None):
    """(status, {header: value}, text).  OSError when there is no answer.  idle() is called every
    IDLE seconds while the server thinks."""
    name, _, port = host(url).partition(":")
    if name not in LOOPBACK:
        quick.put(f"claude stand-in: {url} is not on loopback\n", 2)
        sys.exit(97)
    path = url.partition("://")[2].partition("/")[2]
    data = quick.dumps(body).encode()
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host(url)}", "Connection: close",
             "Content-Type: application/json", f"Content-Length: {len(data)}", *headers]
    connection = socket(AF_INET, SOCK_STREAM)
    connection.settimeout(IDLE)
    connection.connect(("127.0.0.1", int(port or 80)))
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    answer = bytearray()
    while True:
        try:
            chunk = connection.recv(65536)
        except timeout:  # TimeoutError only from Python 3.10 on
            idle()
            continue
        if not chunk:
            break
        answer += chunk
    connection.close()
    return parse(bytes(answer))


def parse(answer):
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        raise OSError("the connection was closed without an answer")
    status, *fields = head.decode().split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)
    return int(status.split()[1]), headers, body.decode()
