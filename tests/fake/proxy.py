"""A proxy on a loopback port, in threads of the test's: CONNECT, and requests for whole URLs.

    with Proxy(authorization="Basic dXNlcjpwdw==") as proxy:
        ... proxy.url ...
        assert proxy.asked == [b"CONNECT 127.0.0.1:4566 HTTP/1.1"]
"""
import select
import socket
import threading
from urllib.parse import urlsplit

from fake.fault_server import accept_until, headers, read_request


class Proxy:
    def __init__(self, authorization=None):
        self.authorization, self.asked = authorization, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.listener.close()

    def serve(self):
        for connection in accept_until(self.stopping, self.listener):
            threading.Thread(target=self.one, args=[connection], daemon=True).start()

    def one(self, client):
        try:
            request = read_request(client)
            if request:
                self.forward(client, request)
            client.close()
        except OSError:
            pass  # one of the two had enough

    def forward(self, client, request):
        line, _, rest = request.partition(b"\r\n")
        self.asked.append(line)
        method, target, _ = line.decode().split(" ")
        wanted = self.authorization
        if wanted and f"proxy-authorization: {wanted}".lower() not in request.decode("latin-1").lower():
            return client.sendall(headers("407 Proxy Authentication Required", 0))
        if method == "CONNECT":
            host, port = target.rsplit(":", 1)
            server = socket.create_connection((host, int(port)))
            client.sendall(headers("200 Connection established"))
        else:
            url = urlsplit(target)
            server = socket.create_connection((url.hostname, url.port or 80))
            server.sendall(f"{method} {url.path or '/'} HTTP/1.1\r\n".encode() + rest)
        self.pump(client, server)

    @staticmethod
    def pump(client, server):
        other = {client: server, server: client}
        while True:
            for ready in select.select(list(other), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    server.close()
                    return
                other[ready].sendall(data)
