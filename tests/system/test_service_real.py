"""The service under a real systemd user manager: started, at work, started again when it is killed, and
gone without a trace.  launchd cannot run here."""
import json

from harness.relay import wait_for
from harness.user_manager import UID
from harness.world import login

UNIT = "credrelay-watch.service"

# In the watcher's place, something that has started something.
STAND_IN = """[Service]
ExecStart=
ExecStart=/bin/sh -c 'sleep 600 & echo $! >~/started; wait'
"""


def status(manager):
    return manager.run("credrelay", "service", "status", "--json").json


def running(manager, other_than=None):
    """The watcher's process, once there is one."""
    return wait_for(lambda: (s := status(manager)).get("pid") not in (None, other_than) and s["pid"],
                    60)


def inside(manager, pid, file):
    return manager.run("cat", f"/proc/{pid}/{file}").out


def field(text, name):
    return next(line.split()[1] for line in text.splitlines() if line.startswith(name + ":"))


def log_in(manager, access):
    """As the client of that user would."""
    made = manager.run("sh", "-c", "umask 077; mkdir -p .claude && printf %s \"$LOGIN\" >.claude/new && "
                       "mv .claude/new .claude/.credentials.json",
                       env={"LOGIN": json.dumps(login(access=access))})
    assert made.status == 0, made


def is_published(world, count):
    return lambda: len([e for e in world.events() if e.get("did") == "publish"]) >= count


def test_its_life(world, user_manager):
    manager = user_manager(world)
    shell = {"CREDRELAY_MACHINE": "a b %h \\"}
    installed = manager.run("credrelay", "service", "install", env=shell)
    assert installed.status == 0, installed
    pid = running(manager)
    process = inside(manager, pid, "status")
    assert (field(process, "Uid"), field(process, "Umask"), field(process, "NoNewPrivs"),
            field(process, "Seccomp")) == (str(UID), "0077", "1", "2")
    log_in(manager, "sk-ant-oat01-TEST-1")
    wait_for(is_published(world, 1), 60)
    assert world.events()[-1]["machine"] == "a b %h \\"

    assert manager.run("kill", "-9", pid).status == 0
    second = running(manager, other_than=pid)
    log_in(manager, "sk-ant-oat01-TEST-2")
    wait_for(is_published(world, 2), 60)

    again = manager.run("credrelay", "service", "install", env=shell)
    assert again.out.startswith("nothing to do\n"), again
    assert status(manager)["pid"] == second

    removed = manager.run("credrelay", "service", "uninstall")
    assert removed.status == 0, removed
    assert inside(manager, second, "cmdline") == ""
    units = world.home / ".config/systemd/user"
    assert [p for p in units.rglob("*") if not p.is_dir()] == []
    known = manager.run("systemctl", "--user", "show", "--property=LoadState", UNIT)
    assert known.out == "LoadState=not-found\n"
    assert manager.run("credrelay", "service", "status").status == 65


def test_what_it_has_started_lives_on(world, user_manager):
    """And the next session of the user starts it by itself."""
    drop_in = world.home / ".config/systemd/user" / f"{UNIT}.d" / "stand-in.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(STAND_IN)
    manager = user_manager(world)
    assert manager.run("credrelay", "service", "install").status == 0
    pid = running(manager)
    child = int(wait_for(lambda: (world.home / "started").exists() and
                         (world.home / "started").read_text()))
    assert manager.run("systemctl", "--user", "stop", UNIT).status == 0
    assert status(manager)["state"] == "stopped"
    assert inside(manager, child, "comm") == "sleep\n"
    assert manager.run("systemctl", "--user", "start", "default.target").status == 0
    assert running(manager, other_than=pid)
