"""The network matrix: what is amiss around the machine: name servers, routes, the clock."""
import os
import subprocess
import sys

import pytest

from fake.resolver import Resolver
from harness.network import CHECK_ENDPOINT, HANGS, parameter, row, shared

NO_ADDRESS = ("cannot find the address of ssm.example", "check the network, the name server and the name's spelling")
NAMES = {
    "NXDOMAIN": ("nxdomain", row("refused", *NO_ADDRESS, tries=0)),
    "SERVFAIL": ("servfail", row("refused", *NO_ADDRESS, tries=0)),
    "REFUSED": ("refuses", row("refused", *NO_ADDRESS, tries=0)),
    "no address": ("has no address", row("refused", *NO_ADDRESS, tries=0)),
    "silent": ("silent", row("refused", "cannot reach ssm.example: the name server is silent (1 attempt, T s)",
                             "check the network and the name server", tries=0, **HANGS)),
    "garbage": ("garbage", row("refused", *NO_ADDRESS, tries=0)),
}


def may_unshare(*flags):
    return sys.platform == "linux" and os.getuid() == 0 and subprocess.run(
        ["unshare", *flags, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture
def asking(tmp_path):
    """asking(resolver): what to start a program with so that it asks that name server alone."""
    if not may_unshare("-m"):
        pytest.skip("a name server of the test's own takes root and a mount namespace")

    def prefix(address):
        mounts = ["mount --make-rprivate /"]
        for file, text in (("resolv.conf", f"nameserver {address}\n"), ("nsswitch.conf", "hosts: files dns\n")):
            (tmp_path / file).write_text(text)
            mounts.append(f"mount --bind {tmp_path / file} /etc/{file}")
        return ["unshare", "-m", "sh", "-c", " && ".join([*mounts, 'exec "$@"']), "sh"]
    return prefix


@pytest.mark.parametrize("way, row", NAMES.values(), ids=NAMES)
def test_name(network, asking, way, row):
    with Resolver(way) as resolver:
        network.pull(row, prefix=asking(resolver.address), url="https://ssm.example")
        assert 1 <= resolver.queries <= 24  # of three tries, for two kinds of addresses, each asked again once


def test_no_name_server_at_all(network, asking):
    network.pull(row("refused", *NO_ADDRESS, tries=0), prefix=asking("127.53.0.0"), url="https://ssm.example")


def test_no_network(network):
    if not may_unshare("-n"):
        pytest.skip("a machine without a network takes root and a network namespace")
    network.pull(row("refused", "cannot connect to HOST: Network is unreachable", CHECK_ENDPOINT, tries=0),
                 prefix=["unshare", "-n"])


# -- a clock that is off by a day ------------------------------------------------------------------

DAY = 24 * 3600
CLOCK = ("this machine's clock is wrong",
         "set this machine's clock: timedatectl set-ntp true (macOS: sntp -sS time.apple.com)")
CLOCKS = {
    "a day behind": row("clock", "", ahead=DAY, tries=2),
    "a day ahead": row("clock", "", ahead=-DAY, tries=2),
    "a day behind, and the answer has no Date": row("clock", *CLOCK, ahead=DAY, secret=True),
    "a day ahead, and the answer has no Date": row("clock", *CLOCK, ahead=-DAY, secret=True),
}


@pytest.mark.parametrize("row", CLOCKS.values(), ids=CLOCKS)
def test_clock(network, row):
    """The logins were made by the vendor's clock, which is AWS's: by ours they have a day more or less."""
    ahead = row.options["ahead"]
    network.pull(row, ahead=ahead, body=parameter(shared(1, expires_in=ahead + 8 * 3600)))
