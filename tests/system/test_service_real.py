"""The service under a real systemd user manager: started, restarted when it is killed, as the text
says, and gone without a trace.  launchd cannot run here."""

from harness.relay import wait_for
from harness.user_manager import UID

UNIT = "credrelay-watch.service"

# What the watcher has started lives on when the watcher is killed.
STAND_IN = f"""[Service]
ExecStart=
ExecStart=/bin/sh -c 'sleep 600 & echo $! >~/started; wait'
"""


def status(manager):
    result = manager.run("credrelay", "service", "status", "--json")
    return result.json


def running(manager, other_than=None):
    """The watcher's process, once there is one."""
    return wait_for(lambda: (s := status(manager)).get("pid") not in (None, other_than) and s["pid"],
                    60)


def inside(manager, pid, file):
    return manager.run("cat", f"/proc/{pid}/{file}").out


def field(text, name):
    return next(line.split()[1] for line in text.splitlines() if line.startswith(name + ":"))


def test_its_life(world, user_manager):
    drop_in = world.home / ".config/systemd/user" / f"{UNIT}.d" / "stand-in.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(STAND_IN)
    manager = user_manager(world)

    installed = manager.run("credrelay", "service", "install",
                            env={"CREDRELAY_MACHINE": "a b %h \\"})
    assert installed.status == 0, installed
    pid = running(manager)
    process = inside(manager, pid, "status")
    assert (field(process, "Uid"), field(process, "Umask"), field(process, "NoNewPrivs"),
            field(process, "Seccomp")) == (str(UID), "0077", "1", "2")
    assert "CREDRELAY_MACHINE=a b %h \\" in inside(manager, pid, "environ").split("\0")

    child = int((world.home / "started").read_text())
    assert manager.run("kill", "-9", pid).status == 0
    second = running(manager, other_than=pid)
    assert second != pid
    assert "sleep" in inside(manager, child, "cmdline")

    again = manager.run("credrelay", "service", "install", env={"CREDRELAY_MACHINE": "a b %h \\"})
    assert again.out.startswith("nothing to do\n"), again
    assert status(manager)["pid"] == second

    removed = manager.run("credrelay", "service", "uninstall")
    assert removed.status == 0, removed
    assert inside(manager, second, "cmdline") == ""
    assert [p.name for p in (world.home / ".config/systemd/user").rglob("*") if not p.is_dir()] == [
        "stand-in.conf"]
    known = manager.run("systemctl", "--user", "show", "--property=LoadState", UNIT)
    assert known.out == "LoadState=not-found\n"
    assert manager.run("credrelay", "service", "status").status == 65


def test_it_starts_with_the_session(world, user_manager):
    """Enabled: the next manager of the same home starts it by itself."""
    drop_in = world.home / ".config/systemd/user" / f"{UNIT}.d" / "stand-in.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(STAND_IN)
    manager = user_manager(world)
    assert manager.run("credrelay", "service", "install").status == 0
    assert manager.run("systemctl", "--user", "stop", UNIT).status == 0
    assert status(manager)["state"] == "stopped"
    assert manager.run("systemctl", "--user", "start", "default.target").status == 0
    assert running(manager)
