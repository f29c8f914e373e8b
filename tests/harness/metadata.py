"""The services that hand out keys beside a container or an instance, on a loopback port.

    def test_it(machine, metadata):
        metadata.keys = parameter_store.session(role)
        machine.get(env={"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url, ...})
        assert metadata.requests == [("PUT", "/latest/api/token"), ...]
"""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

ROLES = "/latest/meta-data/iam/security-credentials/"


class Metadata:
    """An instance's metadata service (version 2 alone), and the agent of a container at /creds."""

    def __init__(self):
        self.keys = {}          # AccessKeyId, SecretAccessKey, Token, Expiration
        self.authorization = None  # what the agent demands
        self.status = 200       # of the agent
        self.slow = 0           # seconds before any answer
        self.token = b"IMDS-TOKEN=="
        self.role = b"fleet-role"
        self.raw = None         # what stands in the keys' place
        self.requests, self.headers = [], []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                service.requests.append((self.command, self.path))
                service.headers.append(dict(self.headers))
                time.sleep(service.slow)
                status, body = service.answer(self.command, self.path, self.headers)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the client had enough

            do_GET = do_PUT = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, path, headers):
        if (method, path) == ("PUT", "/latest/api/token"):
            lifetime = headers.get("x-aws-ec2-metadata-token-ttl-seconds")
            return (200, self.token) if lifetime == "21600" else (400, b"")
        if path.startswith(ROLES):
            if headers.get("x-aws-ec2-metadata-token") != "IMDS-TOKEN==":
                return 401, b""
            if not self.keys:
                return 404, b""
            return 200, self.role if path == ROLES else self.written_keys()
        if path == "/creds":
            if headers.get("Authorization") != self.authorization:
                return 401, b""
            return self.status, self.written_keys()
        return 404, b""

    def written_keys(self):
        return json.dumps(self.keys).encode() if self.raw is None else self.raw

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def metadata():
    service = Metadata()
    yield service
    service.close()
