"""The network matrix: TLS.  Nothing of ours is sent before a certificate has been verified."""
import pytest

from fake.fault_server import headers
from harness.network import CHECK_NETWORK, HANGS, LOST, NO_ANSWER, NO_CONNECTION, answer, parameter, row

GOOD = parameter()
AUTHORITY = "if a proxy inspects TLS here, set AWS_CA_BUNDLE to its certificate's file"
CLOCK = "check this machine's clock: date -u"
NOT_AWS = ("HOST answered with something that is not AWS's",
           "a proxy or a sign-in page may stand in between: check the proxy variables and the endpoint")


def untrusted(why):
    return f"the TLS certificate of HOST is not trusted (SSL certificate problem: {why})"


def tls(certificate, says, hint="", then="close", content=answer(body=GOOD), **more):
    """CERTIFICATE is one of harness/fault_server.py's."""
    return certificate, row("bytes", says, hint, bytes=content, then=then, **more)


CERTIFICATES = {
    "good": tls("good", ""),
    "self-signed": tls("self_signed", untrusted("self-signed certificate"), AUTHORITY, sent=0),
    "of an unknown authority": tls("stranger", untrusted("unable to get local issuer certificate"), AUTHORITY, sent=0),
    "expired": tls("expired", "the TLS certificate of HOST has expired", CLOCK, sent=0),
    "not valid yet": tls("early", "the TLS certificate of HOST is not valid yet", CLOCK, sent=0),
    "for another name": tls("other_name", "the TLS certificate of HOST is for another name",
                            "check the endpoint URL, and whether a proxy answers in its place", sent=0),
}

ENDINGS = {
    "TLS 1.2": tls("good", "", newest="TLSv1_2"),
    "no good-bye behind a length": tls("good", ""),
    "no good-bye where the end is the end": tls("good", "", content=headers("200 OK") + GOOD),
    "no good-bye, cut short": tls("good", *NOT_AWS, content=headers("200 OK") + GOOD[:-9]),
    "a good-bye where the end is the end": tls("good", "", "", "goodbye", headers("200 OK") + GOOD),
    "no good-bye in the body": tls("good", LOST, content=answer(body=GOOD)[:-9], tries=3),
    "a good-bye in the body": tls("good", LOST, "", "goodbye", answer(body=GOOD)[:-9], tries=3),
    "RST in the body": tls("good", LOST, "", "reset", answer(body=GOOD)[:-9], tries=3),
    "silent after the request": tls("good", NO_ANSWER, CHECK_NETWORK, "wait", b"", **HANGS),
}

def no_tls(way, why, **more):
    return row(way, f"no TLS connection to HOST: {why}", "check the endpoint URL and the proxy variables; it must be "
               "TLS 1.2 or later", tries=3, sent=0, **more)


NO_TLS = {
    "plain HTTP": no_tls("bytes_at_once", "wrong version number", bytes=answer("400 Bad Request", b"<html>")),
    "garbage": no_tls("bytes_at_once", "wrong version number", bytes=b"\1\2\3\4" * 100),
    "an alert": no_tls("bytes_at_once", "sslv3 alert handshake failure", bytes=b"\x15\x03\x01\x00\x02\x02\x28"),
    "RST at the hello": no_tls("reset_at_once", "Recv failure: Connection reset by peer"),
    "FIN at the hello": no_tls("bytes_at_once", "it was closed in the handshake", bytes=b""),
    "silent in the handshake": row("silent_at_once", NO_CONNECTION, CHECK_NETWORK, sent=0, **HANGS),
}


def trusting(certificates):
    return {"AWS_CA_BUNDLE": str(certificates.authority)}


def pull(network, certificates, certificate, row):
    network.pull(row, env=trusting(certificates), tls=getattr(certificates, certificate))


@pytest.mark.parametrize("certificate, row", CERTIFICATES.values(), ids=CERTIFICATES)
def test_certificate(network, certificates, certificate, row):
    pull(network, certificates, certificate, row)


@pytest.mark.parametrize("certificate, row", ENDINGS.values(), ids=ENDINGS)
def test_ending(network, certificates, certificate, row):
    pull(network, certificates, certificate, row)


@pytest.mark.parametrize("row", NO_TLS.values(), ids=NO_TLS)
def test_no_handshake(network, certificates, row):
    network.pull(row, env=trusting(certificates), scheme="https")


LENIENT = """openssl_conf = a
[a]
ssl_conf = b
[b]
system_default = c
[c]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


@pytest.mark.parametrize("newest", ["TLSv1", "TLSv1_1"])
def test_tls_that_is_too_old(network, certificates, newest):
    """Refused by us: the library's own floor is lowered here."""
    lenient = network.world.home / "openssl.cnf"
    lenient.write_text(LENIENT)
    network.pull(no_tls("bytes", "tlsv1 alert protocol version", newest=newest, bytes=answer(body=GOOD)),
                 tls=certificates.good, env={**trusting(certificates), "OPENSSL_CONF": str(lenient)})


def test_tls_where_none_is_expected(network, certificates):
    network.pull(row("bytes", LOST, tls=certificates.good, scheme="http", bytes=b"", tries=3, sent=0))


def test_without_a_bundle_no_authority_of_ours_is_trusted(network, certificates):
    network.pull(row("bytes", untrusted("unable to get local issuer certificate"), AUTHORITY, tls=certificates.good,
                     bytes=b"", sent=0))


def test_a_bundle_that_is_not_there(network, certificates):
    network.pull(row("bytes", "cannot read the CA bundle /nowhere.pem", "AWS_CA_BUNDLE must name a file of PEM "
                     "certificates", tls=certificates.good, bytes=b"", sent=0, status=65),
                 env={"AWS_CA_BUNDLE": "/nowhere.pem"})
