"""The program that everybody runs stays small, and an installed tree can be moved."""
import os
import shutil

import pytest

from harness.linkage import heavy
from harness.world import LIBEXEC, PREFIX


def test_credrelay_loads_nothing_heavy():
    assert heavy(PREFIX / "bin" / "credrelay") == []


@pytest.mark.parametrize("helper,wanted", [("store-ssm", "libcurl"), ("aws-admin", "libcurl"), ("store-local", "libsqlite3")])
def test_the_helpers_do(helper, wanted):
    """And so the test above can fail."""
    assert [name for name in heavy(LIBEXEC / helper) if name.startswith(wanted)]


@pytest.fixture
def moved(world, tmp_path):
    """The installed tree under another prefix, its local helper telling that it is the one used."""
    other = tmp_path / "other"
    shutil.copytree(PREFIX, other, symlinks=True)
    helper = other / "libexec" / "credrelay" / "store-local"
    helper.rename(helper.with_name("really-local"))
    helper.write_text('#!/bin/sh\necho used >>"$HOME/used"\nexec "${0%/*}/really-local"\n')
    helper.chmod(0o755)
    world.env["PATH"] = f"{world.bin}:/usr/bin:/bin"
    return other


def used(world):
    return (world.home / "used").exists()


def test_a_moved_tree_uses_its_own_helpers(world, moved):
    world.write_login()
    result = world.run(moved / "bin" / "credrelay", "publish")
    assert result.status == 0, result
    assert used(world)


def test_claude_p_of_a_moved_tree(world, moved):
    world.install_client()
    world.write_login(access="sk-ant-oat01-TEST-1")
    assert world.run(moved / "bin" / "credrelay", "publish").status == 0
    world.login_path.unlink()
    (world.home / "used").unlink()
    result = world.run(moved / "bin" / "claude-p", "reply with single word ok")
    assert (result.status, result.out) == (0, "ok\n"), result
    assert world.access_token() == "sk-ant-oat01-TEST-1"
    assert used(world)


def test_links_to_a_moved_tree(world, moved):
    """A link from elsewhere leads to the tree, whose helpers then count."""
    assert os.readlink(moved / "bin" / "claude-p") == "credrelay"
    (world.bin / "credrelay").symlink_to(moved / "bin" / "credrelay")
    world.write_login()
    assert world.run("credrelay", "publish").status == 0
    assert used(world)
