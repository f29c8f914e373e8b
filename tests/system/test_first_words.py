"""What the program does before any command: which one is meant, and whether it may begin at all."""
import os
import shutil
import subprocess

import pytest

FIRST_WORDS = {  # what is said, the command that says the same, the exit status
    "nothing": ([], ["help"], 64),
    "--help": (["--help"], ["help"], 0),
    "-h": (["-h"], ["help"], 0),
    "--version": (["--version"], ["version"], 0),
}

@pytest.mark.parametrize("argv,like,status", FIRST_WORDS.values(), ids=FIRST_WORDS)
def test_first_words(world, argv, like, status):
    said, wanted = world.run("credrelay", *argv), world.run("credrelay", *like)
    assert wanted.status == 0 and wanted.out
    assert (said.status, said.out, said.err) == (status, wanted.out, wanted.err)

def can_hide():
    return os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(
        ["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode == 0

def test_a_stream_that_cannot_be_opened(world):
    """Closed, and a system without /dev/null: what is opened next would stand in for it."""
    if not can_hide():
        pytest.skip("nothing can be mounted here")
    hidden = 'mount -t tmpfs none /dev && exec credrelay version <&-'
    result = world.run("unshare", "-m", "sh", "-c", hidden)
    assert (result.status, result.out, result.err) == (
        71, "", "credrelay: the process cannot be closed to others, or memory is short\n")
