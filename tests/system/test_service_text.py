"""The units' texts, read back by others than us: a property list by plistlib, a systemd unit by
systemd-analyze."""
import plistlib
import shutil

import pytest

from harness.world import PREFIX

# What means something to XML, to systemd's quoting and specifiers, or to a shell.
ODD = 'a b "c" \'d\' <e> &amp; ]]> %h %% \\n $HOME ${HOME} `x` ; # 100% é \u4e16'
PROGRAM = str(PREFIX / "bin" / "credrelay")


def printed(world, manager):
    result = world.run("credrelay", "service", "print", "--for", manager)
    assert (result.status, result.err) == (0, ""), result
    return result.out


def test_the_property_list_key_by_key(world):
    world.env |= {"CREDRELAY_MACHINE": ODD, "CLAUDE_CONFIG_DIR": "/claude", "AWS_PROFILE": "mine"}
    log = f"{world.home}/.local/state/credrelay/watch.log"
    assert plistlib.loads(printed(world, "launchd").encode()) == {
        "Label": "dev.credrelay.watch",
        "ProgramArguments": [PROGRAM, "watch"],
        "EnvironmentVariables": {
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "mine",
            "CLAUDE_CONFIG_DIR": "/claude", "CREDRELAY_MACHINE": ODD, "HOME": str(world.home),
            "PATH": world.env["PATH"]},
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": 10,
        "AbandonProcessGroup": True,
        "Umask": 0o077,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }


def verify(world, text):
    """What systemd says about the unit; it also looks at those of the machine it would start with."""
    folder = world.home / "units"
    folder.mkdir(exist_ok=True)
    unit = folder / "credrelay-watch.service"
    unit.write_text(text)
    result = world.run("systemd-analyze", "verify", "--user", "--man=no", unit,
                       env={"XDG_RUNTIME_DIR": str(world.home)})
    return [line for line in result.err.splitlines() if unit.name in line]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_has_nothing_to_say_about_the_unit(world):
    world.env["CREDRELAY_MACHINE"] = ODD
    text = printed(world, "systemd")
    assert verify(world, text) == []
    for right, wrong in (("RestartSec=10", "RestartSec=soon"), ("LockPersonality", "LockPerson"),
                         (PROGRAM, "/nowhere/credrelay"), ("@clock", "@cluck")):
        assert verify(world, text.replace(right, wrong)) != [], f"{wrong} is not noticed"
