"""Servers that misbehave (fake/fault_server.py) and certificates nobody should trust, as fixtures.

    def test_it(world, fault_server):
        server = fault_server("silent")
        ... server.url, server.requests ...
"""
import datetime
import subprocess
from contextlib import ExitStack

import pytest

from fake.fault_server import FaultServer
from fake.proxy import Proxy


@pytest.fixture
def fault_server():
    with ExitStack() as servers:
        yield lambda way, **options: servers.enter_context(FaultServer(way, **options))


@pytest.fixture
def proxy():
    """proxy(), proxy(authorization=...): a proxy that works."""
    with ExitStack() as proxies:
        yield lambda **options: proxies.enter_context(Proxy(**options))


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Certificates:
    """A certificate authority of the test's own.  (file, key file) of servers it vouches for: `.good`
    (for 10 days), `.lasting` (for 90), `.expired`, `.early` (from tomorrow) and `.other_name`; and of
    such as it does not know: `.self_signed`, `.stranger` (of an authority of that name)."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = folder / "ca.pem"
        self.make_authority("ca", "/CN=credrelay test authority")
        self.make_authority("stranger-ca", "/CN=an authority that nobody knows")
        self.good = self.make("good", "IP:127.0.0.1,DNS:localhost")
        self.lasting = self.make("lasting", "IP:127.0.0.1", days=90)
        self.expired = self.make("expired", "IP:127.0.0.1", valid=(-3, -1))
        self.early = self.make("early", "IP:127.0.0.1", valid=(1, 3))
        self.other_name = self.make("other", "DNS:other.example")
        self.stranger = self.make("stranger", "IP:127.0.0.1", authority="stranger-ca")
        self.self_signed = self.make_authority("self-signed", "/CN=self", "subjectAltName=IP:127.0.0.1")

    def make_authority(self, name, subject, extension="basicConstraints=critical,CA:TRUE"):
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        openssl("req", "-x509", *KEY, "-keyout", key, "-out", certificate, "-days", "10", "-subj", subject,
                "-addext", extension)
        return str(certificate), str(key)

    def make(self, name, alternative_name, valid=None, days=10, authority="ca"):
        certificate, key, request, extensions = (
            self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr", "ext"))
        extensions.write_text(f"subjectAltName={alternative_name}\n")
        openssl("req", *KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        if valid:
            self.sign_for_days(request, extensions, certificate, *valid)
        else:
            openssl("x509", "-req", "-in", request, "-CA", self.folder / f"{authority}.pem", "-CAkey",
                    self.folder / f"{authority}.key", "-CAcreateserial", "-days", str(days), "-extfile",
                    extensions, "-out", certificate)
        return str(certificate), str(key)

    def sign_for_days(self, request, extensions, certificate, first, last):
        """Only `openssl ca` takes dates; it wants a configuration and an index."""
        (self.folder / "index.txt").touch()
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = test\n[test]\n"
            f"database = {self.folder}/index.txt\nnew_certs_dir = {self.folder}\n"
            f"certificate = {self.authority}\nprivate_key = {self.folder}/ca.key\n"
            "rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n")
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = (f"{now + datetime.timedelta(days=days):%y%m%d%H%M%SZ}" for days in (first, last))
        openssl("ca", "-batch", "-config", self.folder / "ca.cnf", "-in", request, "-extfile",
                extensions, "-startdate", start, "-enddate", end, "-notext", "-out", certificate)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))
