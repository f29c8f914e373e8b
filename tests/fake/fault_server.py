"""A server that misbehaves in one chosen way, on a loopback port, in a thread of the test's.

    with FaultServer("silent") as server:
        ... server.url ...
        assert len(server.requests) == 1

The ways are the functions called `way_*`; each gets a connection whose request has been read.
Plain HTTP, or TLS with `tls=(certificate file, key file)`.
"""
import os
import socket
import ssl
import threading
import time


def headers(status, length=None, *more):
    lines = [f"HTTP/1.1 {status}", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


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
        body += connection.recv(65536)
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


class FaultServer:
    def __init__(self, way, tls=None, **options):
        self.way, self.tls, self.options = way, tls, options
        self.requests = []
        self.stopping = threading.Event()
        self.release = threading.Event()  # set: what is silent answers after all
        self.thread = None
        self.waiting = []  # connections that fill a full queue
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0 if way == "black_hole" else 50)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

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
        try:
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.tls)
                connection = context.wrap_socket(connection, server_side=True)
            request = read_request(connection)
            if request:
                self.requests.append(request)
                getattr(self, "way_" + self.way)(connection)
            connection.close()
        except OSError:
            pass  # the client had enough

    def rest(self):
        self.stopping.wait(120)

    # -- the ways --------------------------------------------------------------------------------

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

    def way_slow_headers(self, connection):
        for byte in headers("200 OK", 2):
            connection.sendall(bytes([byte]))
            time.sleep(0.5)

    def way_slow_body(self, connection):
        connection.sendall(headers("200 OK", 1000))
        while not self.stopping.wait(0.5):
            connection.sendall(b"{")

    def way_garbage(self, connection):
        connection.sendall(os.urandom(4096))

    def way_not_http(self, connection):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")

    def way_large(self, connection):
        body = b"x" * (10 << 20)
        connection.sendall(headers("200 OK", len(body)) + body)

    def way_endless(self, connection):
        connection.sendall(headers("200 OK", 1 << 30))
        while True:
            connection.sendall(b"x" * 65536)

    def way_many_headers(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for n in range(100000):
            connection.sendall(f"X-Header-{n}: {'x' * 60}\r\n".encode())

    def way_empty(self, connection):
        pass

    def way_reset(self, connection):
        reset(connection)

    def way_reset_in_headers(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
        reset(connection)

    def way_reset_in_body(self, connection):
        connection.sendall(headers("200 OK", 100) + b'{"Parameter"')
        time.sleep(0.05)
        reset(connection)

    def way_short_body(self, connection):
        connection.sendall(headers("200 OK", 100) + b'{"Parameter"')

    def way_bad_chunks(self, connection):
        connection.sendall(headers("200 OK", None, "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n")

    def way_no_content(self, connection):
        connection.sendall(headers("204 No Content"))
