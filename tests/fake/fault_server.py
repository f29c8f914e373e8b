"""A server that misbehaves in one chosen way, on a loopback port, in a thread of the test's.

    with FaultServer("silent") as server:
        ... server.url ...
        assert len(server.requests) == 1

The ways are the functions called `way_*`; each gets a connection whose request has been read.
Those called `raw_*` get it as it was accepted, before TLS.

Options:
    tls       (certificate file, key file): TLS; without it plain HTTP
    newest    "TLSv1_1": the newest TLS that is spoken
    scheme    "https": what the URL claims, where the server itself speaks no TLS
    only      "PutParameter": what else is asked is answered as a Parameter Store with nothing in it does
"""
import calendar
import itertools
import os
import re
import socket
import ssl
import threading
import time
import warnings
from email.utils import formatdate


def headers(status, length=None, *more):
    lines = [f"HTTP/1.1 {status}", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


NOTHING_THERE = (b'HTTP/1.1 400 Bad Request\r\nContent-Length: 30\r\n\r\n{"__type":"ParameterNotFound"}')


def read_request(connection):
    """Head and body of one request, b"" when the client went away."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


def accept_until(stopping, listener):
    """The connections that come.  The thread that is in it must have ended before LISTENER is closed:
    the next server may get the number of that descriptor, and this one would answer in its place."""
    listener.settimeout(0.1)
    while not stopping.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        yield connection


def reset(connection):
    """Close with a RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def tls_context(certificate, key, newest=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if newest:
        context.set_ciphers("ALL:@SECLEVEL=0")  # what is old wants the ciphers and signatures of its time
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # so it is
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion[newest]
    context.load_cert_chain(certificate, key)
    return context


class FaultServer:
    def __init__(self, way, tls=None, newest=None, scheme=None, only=None, **options):
        self.way, self.only, self.options = way, only, options
        self.context = tls_context(*tls, newest) if tls else None
        self.connections = 0
        self.requests = []  # of `only`, if one is named
        self.sent = 0       # bytes of what has no end
        self.stopping = threading.Event()
        self.release = threading.Event()  # set: what is silent answers after all
        self.thread = None
        self.waiting = []  # connections that fill a full queue
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0 if way == "black_hole" else 50)
        self.port = self.listener.getsockname()[1]
        self.url = f"{scheme or ('https' if tls else 'http')}://127.0.0.1:{self.port}"

    def __enter__(self):
        if self.way == "refused":
            self.listener.close()
        elif self.way == "black_hole":
            self.fill_queue()
        else:
            self.thread = threading.Thread(target=self.serve, daemon=True)
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for connection in self.waiting:
            connection.close()
        if self.thread:
            self.thread.join()
        self.listener.close()

    def fill_queue(self):
        """Linux drops connection requests while nobody accepts and the queue is full."""
        for _ in range(3):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", self.port))
            self.waiting.append(connection)

    def serve(self):
        for connection in accept_until(self.stopping, self.listener):
            threading.Thread(target=self.one, args=[connection], daemon=True).start()

    def one(self, connection):
        self.connections += 1
        try:
            raw = getattr(self, "raw_" + self.way, None)
            if raw:
                return raw(connection)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            while (request := read_request(connection)) and self.is_other(request):
                connection.sendall(NOTHING_THERE)
            if request:
                self.requests.append(request)
                getattr(self, "way_" + self.way)(connection)
            connection.close()
        except OSError:
            pass  # the client had enough

    def is_other(self, request):
        target = f"x-amz-target: AmazonSSM.{self.only}\r\n".encode()
        return self.only and target not in request

    # -- before a request is read ------------------------------------------------------------------

    def raw_reset_at_once(self, connection):
        connection.recv(1, socket.MSG_PEEK)  # else the client may see it as a connection refused
        reset(connection)

    def raw_close_at_once(self, connection):
        connection.close()

    def raw_bytes_at_once(self, connection):
        """Without a handshake; the hello that came is read, so that no RST overtakes them."""
        connection.recv(65536)
        connection.sendall(self.options["bytes"])
        connection.close()

    def raw_silent_at_once(self, connection):
        self.stopping.wait(120)
        connection.close()

    # -- the ways --------------------------------------------------------------------------------

    def way_bytes(self, connection):
        """The `bytes` of the options as they stand; `then` close, reset, wait or, over TLS, say good-bye."""
        connection.sendall(self.options["bytes"])
        then = self.options.get("then", "close")
        if then == "reset":
            time.sleep(0.05)  # so that the bytes are read before it
            reset(connection)
        elif then == "wait":
            self.stopping.wait(120)
        elif then == "goodbye":
            connection.unwrap()

    def way_drip(self, connection):
        """The `bytes`, and then the `drop` without end, one byte a second."""
        connection.sendall(self.options.get("bytes", b""))
        for byte in itertools.cycle(self.options["drop"]):
            connection.sendall(bytes([byte]))
            if self.stopping.wait(1):
                break

    def way_flood(self, connection):
        """The `bytes`, and then the `drop` without end, as fast as they are read."""
        connection.sendall(self.options.get("bytes", b""))
        block = self.options["drop"] * (65536 // len(self.options["drop"]) + 1)
        while not self.stopping.is_set():
            connection.sendall(block)
            self.sent += len(block)

    def way_clock(self, connection):
        """AWS whose clock is `ahead` seconds of ours: it takes signatures five minutes to both sides of
        it and answers those with `body`, and says what time it is unless `secret`."""
        now = time.time() + self.options["ahead"]
        signed = re.search(rb"x-amz-date: (\w+)", self.requests[-1])[1].decode()
        off = calendar.timegm(time.strptime(signed, "%Y%m%dT%H%M%SZ")) - now
        date = [] if self.options.get("secret") else ["Date: " + formatdate(now, usegmt=True)]
        if abs(off) < 300:
            status, body = "200 OK", self.options["body"]
        else:
            what = "Signature expired" if off < 0 else "Signature not yet current"
            status = "400 Bad Request"
            body = b'{"__type":"InvalidSignatureException","message":"%s: x"}' % what.encode()
        connection.sendall(headers(status, len(body), *date) + body)

    def way_silent(self, connection):
        for _ in range(1200):
            if self.stopping.is_set() or self.release.wait(0.1):
                break
        if self.release.is_set():
            self.way_answer(connection)

    def way_answer(self, connection):
        """The status, headers and body of the options."""
        body = self.options.get("body", b"")
        connection.sendall(headers(self.options.get("status", "200 OK"), len(body),
                                   *self.options.get("headers", [])) + body)

    def way_answers(self, connection):
        """To each request the next of the `answers`, (status, body) or a body that is well."""
        answer = self.options["answers"][len(self.requests) - 1]
        status, body = answer if isinstance(answer, tuple) else ("200 OK", answer)
        connection.sendall(headers(status, len(body)) + body)

    def way_slow_headers(self, connection):
        for byte in headers("200 OK", 2):
            connection.sendall(bytes([byte]))
            time.sleep(0.5)

    def way_not_http(self, connection):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")

    def way_large(self, connection):
        body = b"x" * (10 << 20)
        connection.sendall(headers("200 OK", len(body)) + body)

    def way_empty(self, connection):
        pass

    def way_reset(self, connection):
        reset(connection)
