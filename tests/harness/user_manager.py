"""A real systemd user manager, of a user of its own, in namespaces of its own: nothing on the machine
sees it, and it ends with the test.

    manager = user_manager(world)             skips, with the reason, where that cannot be
    manager.run("systemctl", "--user", "status")

Inside, the world's home is /mnt/home and the programs under test are in /mnt/prefix: the user may
look nowhere else.  systemd starts only where /run/systemd/system says that the system was booted with
it; that folder is made on a file system that exists inside only, or not at all."""
import os
import shutil
import subprocess
import uuid

import pytest

from harness.relay import wait_for
from harness.world import PREFIX, Result

UID = 54321  # nobody's
SYSTEMD = "/lib/systemd/systemd"
NEEDED = ["unshare", "nsenter", "setpriv", "systemctl", "mount", SYSTEMD]

# Ends with 77 where the system does not allow what the namespaces need.
INSIDE = f"""set -e
test "$(readlink /proc/self/ns/mnt)" != "$OUTSIDE" || exit 1
mount --make-rprivate / || exit 77
mount -t tmpfs tmpfs /run || exit 77
mkdir -p /run/systemd/system
mount -t tmpfs tmpfs /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup || exit 77
mkdir "/sys/fs/cgroup/$GROUP" || exit 77
chown -R {UID}:{UID} "/sys/fs/cgroup/$GROUP"
echo $$ >"/sys/fs/cgroup/$GROUP/cgroup.procs" || exit 77
mount -t tmpfs tmpfs /mnt
mkdir /mnt/home /mnt/prefix /mnt/run
mount --bind "$WORLD" /mnt/home
mount --bind "$PREFIX" /mnt/prefix
mount -t tmpfs -o mode=0755 tmpfs /tmp
chown -R {UID}:{UID} /mnt/home /mnt/run
chmod 700 /mnt/run
# A child, not this process: what it kills at the end is not told to one that has changed its user.
setpriv --reuid {UID} --regid {UID} --clear-groups env -i HOME=/mnt/home XDG_RUNTIME_DIR=/mnt/run \\
    PATH=/usr/bin:/bin SYSTEMD_LOG_TARGET=console {SYSTEMD} --user --unit=basic.target
"""

# Control groups are the machine's, whoever mounts them.
REMOVE_GROUP = """mount --make-rprivate / && mount -t tmpfs tmpfs /sys/fs/cgroup &&
mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup && test -d "$GROUP" || exit 0
find "$GROUP" -depth -type d -exec rmdir {} +"""


def why_not():
    """Why there can be none here; None: there can."""
    if os.geteuid() != 0:
        return "a user manager in namespaces of its own takes root"
    missing = [p for p in NEEDED if not shutil.which(p)]
    return f"no {', '.join(missing)} here" if missing else None


class UserManager:
    def __init__(self, world):
        self.world = world
        self.log = world.home.parent / "manager.log"
        self.environment = {
            "PATH": os.environ["PATH"], "WORLD": str(world.home), "PREFIX": str(PREFIX),
            "OUTSIDE": os.readlink("/proc/self/ns/mnt"), "GROUP": f"credrelay-test-{uuid.uuid4().hex}"}
        with open(self.log, "w") as log:
            self.unshare = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child", "--pid",
                 "--mount", "--cgroup", "--mount-proc", "sh", "-c", INSIDE],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.inside = None

    def wait(self):
        """Until it takes calls.  False: the system does not let it be."""
        wait_for(lambda: self.unshare.poll() is not None or self._answers())
        status = self.unshare.poll()
        assert status in (None, 77), self.log.read_text()
        return status is None

    def _answers(self):
        try:
            with open(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children") as file:
                self.inside = file.read().split()[0]
        except (OSError, IndexError):
            return False
        return self.run("systemctl", "--user", "show", "--property=Version").status == 0

    def run(self, *argv, env=None, timeout=60):
        environment = {"HOME": "/mnt/home", "XDG_RUNTIME_DIR": "/mnt/run", "LANG": "C.UTF-8",
                       "PATH": "/mnt/home/bin:/mnt/prefix/bin:/usr/bin:/bin", **(env or {})}
        done = subprocess.run(
            ["nsenter", "--target", self.inside, "--mount", "--pid", "--cgroup",
             "setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups",
             "env", "-i", "-C", "/mnt/home", *(f"{k}={v}" for k, v in environment.items()),
             *map(str, argv)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode(), 0)

    def stop(self):
        """All of it: the first process of the PID namespace takes the others with it."""
        self.unshare.kill()
        self.unshare.wait()
        wait_for(lambda: subprocess.run(
            ["unshare", "--mount", "--cgroup", "sh", "-c", REMOVE_GROUP], env=self.environment,
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0)


@pytest.fixture
def user_manager():
    """user_manager(world) -> UserManager"""
    started = []

    def start(world):
        reason = why_not()
        if reason:
            pytest.skip(reason)
        started.append(UserManager(world))
        if not started[-1].wait():
            pytest.skip("this system does not allow the namespaces: "
                        + started[-1].log.read_text().strip())
        return started[-1]

    yield start
    for manager in started:
        manager.stop()
