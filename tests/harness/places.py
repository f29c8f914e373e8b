"""Where a login file may turn out to be: what stands at its path, in its folder and around it.

Each function lays one such place for `p`, a Place; tests/system/test_file_matrix.py says what
the commands make of it."""
import os
import pwd
import resource
import socket
import stat
import subprocess

from harness.somebody import ROOT, STRANGER


class Place:
    """The login file of MACHINE, before it is there.  CONTENT is what it is to hold."""

    def __init__(self, machine, content):
        self.machine, self.home, self.content = machine, machine.home, content
        self.path, self.folder = machine.login_path, machine.login_path.parent
        self.state = machine.state
        self.folder.mkdir(mode=0o700)
        self.state.mkdir(mode=0o700, parents=True)
        self.afterwards, self.undo = [], []
        self.script = None  # what is mounted, in sh
        self.limit = None   # between fork and exec
        self.inject = None  # strace's words: an answer of the system about the login
        self.deep = None    # the folder's descriptor, where its path is too long
        self.there = []     # names that would be leftovers, had they not been there before

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for do in self.undo:
            do()

    def put(self, path=None, mode=0o600):
        path = path or self.path
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(self.content)
        path.chmod(mode)
        return path

    def later(self, do, *arguments):
        """Once all has been given to the machine's user."""
        self.afterwards.append(lambda: do(*arguments))

    def settle(self):
        self.machine.own()
        for do in self.afterwards:
            do()

    def run(self, argv, mounts):
        if self.inject:
            return self.run_answered(argv)

        def first():
            if mounts:
                mounts.enter()
            if self.limit:
                self.limit()
        return self.machine.run(*argv, preexec_fn=first)

    def run_answered(self, argv):
        """strace stays root, which looks into what is closed to others."""
        call, about_the_login = self.inject
        user = ["-u", pwd.getpwuid(self.machine.uid).pw_name] if self.machine.uid else []
        uid, self.machine.uid = self.machine.uid, 0
        paths = ["-P", self.path] if about_the_login else []
        try:
            return self.machine.run("strace", "-o", "/dev/null", *user, *paths, "-e", f"inject={call}", *argv,
                                    env={"ASAN_OPTIONS": "detect_leaks=0"})
        finally:
            self.machine.uid = uid


# -- links ---------------------------------------------------------------------------------------


def plain(p):
    p.put()


def link(p):
    p.path.symlink_to(p.put(p.home / "vault" / "login.json"))


def relative_link(p):
    p.put(p.home / "vault" / "login.json")
    p.path.symlink_to("../vault/login.json")


def chain(p):
    p.put(p.home / "vault" / "login.json")
    (p.home / "vault" / "second").symlink_to("login.json")
    (p.home / "vault" / "first").symlink_to("../vault/second")
    p.path.symlink_to("../vault/first")


def folder_link(p):
    p.folder.rmdir()
    p.put(p.home / "vault" / p.path.name)
    p.folder.symlink_to("vault")


def dangling(p):
    (p.home / "vault").mkdir(mode=0o700)
    p.path.symlink_to("../vault/login.json")


def dangling_folder(p):
    p.path.symlink_to("../vault/login.json")


def dangling_folder_link(p):
    p.folder.rmdir()
    p.folder.symlink_to("vault")


def loop(p):
    p.path.symlink_to("b")
    (p.folder / "b").symlink_to(p.path.name)


def link_to_itself(p):
    p.path.symlink_to(p.path.name)


def hard_link(p):
    os.link(p.put(), p.home / "second-name")


def link_out_of_reach(p):
    p.path.symlink_to(p.put(p.home / "vault" / "login.json"))
    p.later((p.home / "vault").chmod, 0o500)


# -- not a file ----------------------------------------------------------------------------------


def a_folder(p):
    p.path.mkdir()


def a_fifo(p):
    os.mkfifo(p.path)


def a_link_to_a_fifo(p):
    os.mkfifo(p.home / "fifo")
    p.path.symlink_to("../fifo")


def a_socket(p):
    here = os.getcwd()
    os.chdir(p.path.parent)  # the path is too long for a socket's address
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(p.path.name)
    os.chdir(here)


def dev_null(p):
    p.path.symlink_to("/dev/null")


def dev_full(p):
    p.path.symlink_to("/dev/full")


def dev_zero(p):
    os.mknod(p.path, stat.S_IFCHR | 0o600, os.makedev(1, 5))


def a_disk(p):
    """One that no driver answers for: opening it says ENXIO, as opening a socket does."""
    os.mknod(p.path, stat.S_IFBLK | 0o600, os.makedev(240, 7))


# -- owners and modes ----------------------------------------------------------------------------


def mode(bits):
    def lay(p):
        p.put()
        p.later(p.path.chmod, bits)
    return lay


def of_a_stranger(bits):
    def lay(p):
        p.put()
        p.later(os.chown, p.path, STRANGER, STRANGER)
        p.later(p.path.chmod, bits)
    return lay


def folder_mode(bits):
    def lay(p):
        p.put()
        p.later(p.folder.chmod, bits)
        p.undo.append(lambda: p.folder.chmod(0o700))
    return lay


def folder_of_a_stranger(bits):
    def lay(p):
        p.put()
        p.path.chmod(0o644)
        p.later(os.chown, p.folder, STRANGER, STRANGER)
        p.later(p.folder.chmod, bits)
    return lay


def planted_file(p):
    """In a folder that everybody may write in, somebody has put a login of his."""
    p.put(mode=0o644)
    p.later(os.chown, p.path, STRANGER, STRANGER)
    p.later(p.folder.chmod, 0o777)


def planted(p, target):
    p.path.symlink_to(target)
    p.later(os.lchown, p.path, STRANGER, STRANGER)
    p.later(p.folder.chmod, 0o777)


def planted_link(p):
    theirs = p.put(p.home / "stranger" / "login.json", 0o644)
    p.later(os.chown, theirs, STRANGER, STRANGER)
    p.later(os.chown, theirs.parent, STRANGER, STRANGER)
    p.later(theirs.parent.chmod, 0o777)
    planted(p, "../stranger/login.json")


def planted_link_to_ours(p):
    p.put(p.home / "vault" / "login.json")
    planted(p, "../vault/login.json")


def planted_link_to_nothing(p):
    (p.home / "stranger").mkdir()
    p.later((p.home / "stranger").chmod, 0o777)
    planted(p, "../stranger/login.json")


def move(p, folder):
    """The client and we are told that the folder is another."""
    p.machine.env["CLAUDE_CONFIG_DIR"] = str(folder)
    p.folder, p.path = folder, folder / p.path.name


def no_folder(p):
    p.folder.rmdir()


def no_folder_above(p):
    move(p, p.home / "a" / "b" / "claude")


def folder_is_a_file(p):
    p.folder.rmdir()
    p.folder.write_bytes(b"")


def home_not_writable(p):
    p.put()
    p.later(p.home.chmod, 0o500)
    p.undo.append(lambda: p.home.chmod(0o700))


# -- what a file system can refuse ---------------------------------------------------------------


def immutable(what):
    def lay(p):
        p.put()
        target = str(p.path if what == "file" else p.folder)
        p.later(subprocess.run, ["chattr", "+i", target])
        p.undo.append(lambda: subprocess.run(["chattr", "-i", target], check=True))
    return lay


def appendable(p):
    p.put()
    p.later(subprocess.run, ["chattr", "+a", str(p.path)])
    p.undo.append(lambda: subprocess.run(["chattr", "-a", str(p.path)], check=True))


def read_only(p):
    p.put()
    p.script = f"mount --bind '{p.folder}' '{p.folder}'; mount -o remount,bind,ro '{p.folder}'"


def mounted_file(p):
    """As containers are given a single file."""
    p.put()
    p.put(p.home / "outside.json")
    p.script = f"mount --bind '{p.home}/outside.json' '{p.path}'"


def tmpfs(options, fill=":"):
    def lay(p):
        p.put()
        uid = p.machine.uid if ROOT else 0
        p.script = (f"cp -p '{p.path}' '{p.home}/aside'\n"
                    f"mount -t tmpfs -o {options},mode=700,uid={uid},gid={uid} x '{p.folder}'\n"
                    f"cp -p '{p.home}/aside' '{p.path}'; rm '{p.home}/aside'\n{fill.format(folder=p.folder)}")
    return lay


full_disk = tmpfs("size=16k", "cat /dev/zero >'{folder}/filler' 2>/dev/null || :")
full_inodes = tmpfs("nr_inodes=3", "touch '{folder}/filler'")


def file_size_limit(p):
    """ulimit -f; what else is written in one go is shorter."""
    p.content = p.content.replace(b"TEST-OTHER", b"TEST-OTHER" + b"x" * 100_000)
    p.put()
    p.limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))


def few_descriptors(n):
    def lay(p):
        p.put()
        p.limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
    return lay


def parts_of(length):
    """Names of folders that make a path of LENGTH bytes."""
    parts = []
    while length > 200:
        parts.append("d" * min(199, length - 2))
        length -= len(parts[-1]) + 1
    return [*parts, "e" * length]


def beyond_path_max(p):
    move(p, p.home / "/".join(parts_of(4096 - len(f"{p.home}//{p.path.name}"))))


def long_path(length):
    """CLAUDE_CONFIG_DIR so that the login's path has LENGTH bytes."""
    def lay(p):
        parts = parts_of(length - len(f"{p.home}//{p.path.name}"))
        move(p, p.home / "/".join(parts))
        p.deep = os.open(p.home, os.O_RDONLY)
        p.undo.append(lambda: os.close(p.deep))
        for part in parts:
            os.mkdir(part, 0o700, dir_fd=p.deep)
            deeper = os.open(part, os.O_RDONLY, dir_fd=p.deep)
            os.close(p.deep)
            p.deep = deeper
            give(p, deeper)
        with open(os.open(p.path.name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=p.deep), "wb") as file:
            file.write(p.content)
            give(p, file.fileno())
    return lay


def give(p, fd):
    if ROOT and p.machine.uid:
        os.fchown(fd, p.machine.uid, p.machine.uid)


def long_name(p):
    move(p, p.home / ("n" * 300))


def answered(call, about_the_login=True):
    """The system answers so, in strace's words, about the login or whatever comes first."""
    def lay(p):
        p.put()
        p.inject = call, about_the_login
    return lay


# -- our own files -------------------------------------------------------------------------------


def state_is_a_file(p):
    p.put()
    p.state.rmdir()
    p.state.write_bytes(b"")


def state_mode(bits):
    def lay(p):
        p.put()
        p.later(p.state.chmod, bits)
        p.undo.append(lambda: p.state.chmod(0o700))
    return lay


def ours(name, make):
    """One of the files in the state folder is something else: MAKE(path)."""
    def lay(p):
        p.put()
        make(p.state / name)
    return lay


def to_elsewhere(path):
    path.symlink_to(path.parent.parent / "elsewhere")


def unreadable(path):
    path.write_bytes(b"{}")
    path.chmod(0)


def state_of_a_stranger(p):
    p.put()
    p.later(os.chown, p.state, STRANGER, STRANGER)


def state_full(p):
    p.put()
    uid = p.machine.uid if ROOT else 0
    p.script = (f"mount -t tmpfs -o size=16k,mode=700,uid={uid},gid={uid} x '{p.state}'\n"
                f"cat /dev/zero >'{p.state}/filler' 2>/dev/null || :")


def state_read_only(p):
    p.put()
    p.script = f"mount --bind '{p.state}' '{p.state}'; mount -o remount,bind,ro '{p.state}'"


def client_lock(make):
    def lay(p):
        p.put()
        make(p.home / ".claude.lock")
        os.utime(p.home / ".claude.lock", (1, 1))
    return lay
