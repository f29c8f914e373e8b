"""Programs run as somebody: as the user who runs the tests, or, when that is root, as an ordinary
user or as a stranger; and in a mount namespace of their own.

    machine = Somebody(tmp_path / "home", ORDINARY)     a World whose programs are that user's
    with Mounts(f"mount -t tmpfs -o size=16k x '{folder}'") as mounts:
        machine.run("credrelay", "pull", preexec_fn=mounts.enter)
        mounts.path(folder)                             what is there, seen from outside
"""
import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.world import PREFIX, World

ROOT = os.geteuid() == 0
ORDINARY, STRANGER = 65534, 65533  # neither needs an entry in a list of users
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000  # linux/sched.h


def become(uid):
    """Between fork and exec: root gives itself up for UID, for good."""
    if ROOT and uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def reachable(path):
    """Let other users pass through the folders above PATH, as far as they are the tests' own."""
    top = Path(os.environ["TMPDIR"]).resolve()
    for folder in Path(path).resolve().parents:
        if folder != top and top not in folder.parents:
            break
        folder.chmod(0o711)


def programs_for_all():
    """The programs as installed, where every user can run them: the source tree may be closed."""
    place = Path(tempfile.mkdtemp(prefix="programs-", dir=os.environ["TMPDIR"]))
    shutil.copytree(PREFIX, place / "local", symlinks=True)
    place.chmod(0o755)
    reachable(place)
    return place / "local"


class Somebody(World):
    """A machine whose user is UID (0: who runs the tests).  What the test puts there is given to
    that user by own()."""

    def __init__(self, home, uid, prefix=PREFIX):
        super().__init__(home)
        self.uid, self.prefix = uid, prefix
        self.env["PATH"] = self.env["PATH"].replace(str(PREFIX), str(prefix))
        if uid:
            reachable(home)

    def own(self):
        if ROOT and self.uid:
            for path in (self.home, *self.home.rglob("*")):
                os.lchown(path, self.uid, self.uid)

    def start(self, *argv, preexec_fn=None, **popen):
        def first():
            if preexec_fn:
                preexec_fn()
            become(self.uid)
        return super().start(*argv, preexec_fn=first, **popen)


class Mounts:
    """A mount namespace in which SCRIPT (sh) has mounted something; it is gone with the block.
    Without a script it is nothing at all, and false."""

    def __init__(self, script):
        self.script, self.spaces = script, []

    def __bool__(self):
        return self.script is not None

    def __enter__(self):
        if not self:
            return self
        self.holder = subprocess.Popen(
            ["unshare", "-m" if ROOT else "-rm", "sh", "-ec", f"{self.script}\necho ready\nread -r end || :"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
        assert self.holder.stdout.readline() == b"ready\n", "it cannot be mounted"
        names = ["mnt"] if ROOT else ["user", "mnt"]
        self.spaces = [os.open(f"/proc/{self.holder.pid}/ns/{name}", os.O_RDONLY) for name in names]
        return self

    def __exit__(self, *_):
        if not self:
            return
        for fd in self.spaces:
            os.close(fd)
        self.holder.stdin.close()
        self.holder.wait(timeout=30)
        self.holder.stdout.close()

    def enter(self):
        """Between fork and exec."""
        libc, here = ctypes.CDLL(None, use_errno=True), os.getcwd()
        for fd in self.spaces:
            if libc.setns(fd, 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        os.chdir(here)

    def path(self, path):
        return Path(f"/proc/{self.holder.pid}/root{path}")


def can_mount():
    argv = ["unshare", "-m" if ROOT else "-rm", "true"]
    return bool(shutil.which("unshare")) and subprocess.run(argv, stderr=subprocess.DEVNULL).returncode == 0
