"""The machine whose power is cut: Debian's kernel under qemu, with our programs and little else.

    kit = Kit(cache, programs)                   # fetches the kernel; asks for no rights
    kit.prepare("xfs", image)                    # boots it once
    with kit.start("xfs", disk.drive, log) as guest:
        guest.begin(writer="credrelay", first=1, expires=..., clock=...)
        for line in guest.lines(): ...           # what tests/power/init says, as it comes
        rest = guest.cut()                       # SIGKILL; what it had still said before

Instructions are emulated (TCG), so this runs also where no virtual machine may.  The kernel is
unpacked, never installed.  A boot takes seconds: the machine is booted once, up to where it has no
driver for the disk yet, and its memory is kept; every start goes on from there."""
import os
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
KERNEL = "linux-image-cloud-amd64"
MODULES = {"ext4": ["ext4"], "xfs": ["xfs"], "btrfs": ["btrfs"]}
DISK_MODULES = ["virtio_pci", "virtio_blk"]
SILENT = 180  # seconds without a word: the guest hangs
APPLETS = ["base64", "date", "find", "insmod", "mkdir", "mount", "mv", "poweroff", "rm",
           "stat", "sync"]
MKFS = {"ext4": ["mkfs.ext4", "-q", "-F", "-b", "4096"], "xfs": ["mkfs.xfs", "-q", "-f"],
        "btrfs": ["mkfs.btrfs", "-q", "-f"]}
DISK_BYTES = 320 << 20  # the least that mkfs.xfs takes is 300 MiB; the file is sparse


def run(*argv, **options):
    return subprocess.run([str(a) for a in argv], check=True, text=True, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, **options).stdout


def make_disk(image, fs):
    """A new file system in a new file."""
    image.unlink(missing_ok=True)
    with open(image, "wb") as file:
        file.truncate(DISK_BYTES)
    run(*MKFS[fs], image, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


class Kit:
    """What a guest is made of, kept in the folder CACHE.

    programs   {path in the guest: file here}; libraries they load are found"""

    def __init__(self, cache, programs):
        self.cache, self.programs = cache, programs
        cache.mkdir(parents=True, exist_ok=True)
        self.root = self.unpack_kernel()
        self.version = os.listdir(self.root / "lib" / "modules")[0]
        self.kernel = self.root / "boot" / f"vmlinuz-{self.version}"

    def unpack_kernel(self):
        words = run("apt-cache", "depends", KERNEL).split()
        package = words[words.index("Depends:") + 1]
        root = self.cache / package
        if not root.exists():
            run("apt-get", "download", "-qq", package, cwd=self.cache, stderr=subprocess.DEVNULL)
            deb = next(self.cache.glob(f"{package}_*.deb"))
            run("dpkg", "-x", deb, self.cache / "new")
            deb.unlink()
            run("depmod", "-b", self.cache / "new", os.listdir(self.cache / "new" / "lib" / "modules")[0])
            (self.cache / "new").rename(root)
        return root

    def modules(self, fs):
        """Files of the kernel's modules for FS on our disk, each after those that it needs."""
        found = []
        for name in [*DISK_MODULES, *MODULES[fs]]:
            needed = run("modprobe", "-d", self.root, "-S", self.version, "--show-depends", name)
            found += [Path(line.split()[1]) for line in needed.splitlines() if line.startswith("insmod")]
        return list(dict.fromkeys(found))

    def initramfs(self, fs):
        folder, archive = self.cache / f"root-{fs}", self.cache / f"{fs}.cpio"
        shutil.rmtree(folder, ignore_errors=True)
        files = {"/init": HERE / "init", "/bin/busybox": Path("/bin/busybox"), **self.programs}
        for program in list(self.programs.values()):
            files.update({library: Path(library) for library in loaded(program)})
        modules = self.modules(fs)
        files.update({f"/lib/modules/{m.name}": m for m in modules})
        for name, source in files.items():
            place = folder / name.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)
        for name in APPLETS:
            (folder / "bin" / name).symlink_to("busybox")
        for name in ("dev", "proc"):
            (folder / name).mkdir()
        early = [f"/lib/modules/{m.name}\n" for m in modules if m.stem != "virtio_blk"]
        (folder / "modules").write_text("".join(early))
        names = run("find", ".", cwd=folder)
        with open(archive, "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], input=names.encode(),
                           stdout=out, cwd=folder, check=True)
        return archive

    def machine(self, fs, drive, log):
        """The command line of a machine with that disk; LOG gets what its kernel says."""
        return [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "160",
            "-kernel", str(self.kernel), "-initrd", str(self.cache / f"{fs}.cpio"),
            "-append", f"console=ttyS0 loglevel=4 panic=-1 mitigations=off no_timer_check FS={fs}",
            "-drive", drive, "-device", "virtio-blk-pci,drive=disk",
            "-serial", f"file:{log}", "-serial", "stdio"]

    def prepare(self, fs, image):
        """Boot once and keep the memory.  IMAGE: any disk of the size."""
        self.initramfs(fs)
        kept = self.cache / f"{fs}.memory"
        kept.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="power") as folder:
            self.boot(fs, image, f"{folder}/monitor")
        if not kept.exists():
            raise ChildProcessError("qemu does not give the guest's memory")

    def boot(self, fs, image, monitor):
        log = self.cache / f"{fs}.log"
        argv = self.machine(fs, f"file={image},format=raw,if=none,id=disk", log)
        with Guest(self.cache, [*argv, "-monitor", f"unix:{monitor},server,nowait"]) as guest:
            if "ready" not in guest.lines():
                raise ChildProcessError(f"the guest does not boot: {log}")
            with socket.socket(socket.AF_UNIX) as control:
                control.connect(monitor)
                control.sendall(f'migrate "exec:cat >{fs}.memory"\nquit\n'.encode())
                while control.recv(4096):
                    pass

    def start(self, fs, drive, log):
        return Guest(self.cache, [*self.machine(fs, drive, log), "-incoming", f"exec:cat {fs}.memory"])


def loaded(program):
    """The shared libraries of PROGRAM and their loader, by path."""
    told = subprocess.run(["ldd", str(program)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout
    words = [word for line in told.splitlines() for word in line.split()]
    return [word for word in words if word.startswith("/")]


class Guest:
    running = set()

    def __init__(self, folder, argv):
        self.process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.running.add(self)
        self.said = queue.Queue()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def begin(self, writer, first, expires, clock):
        """WRITER writes, from login FIRST on, the logins of time EXPIRES; it is CLOCK o'clock."""
        # The first byte that comes after a start is lost on the way.
        self.process.stdin.write(f"\nbegin {writer} {first} {expires} {clock}\n".encode())
        self.process.stdin.flush()

    def listen(self):
        for line in self.process.stdout:
            # What is not ended was being said when the power went.
            if line.endswith(b"\n"):
                self.said.put(line.decode(errors="replace").rstrip())
        self.said.put(None)

    def lines(self):
        """Each line as it comes, until the guest ends.  TimeoutError when it hangs."""
        while True:
            try:
                line = self.said.get(timeout=SILENT)
            except queue.Empty:
                raise TimeoutError(f"the guest has said nothing for {SILENT} s") from None
            if line is None:
                return self.said.put(None)
            yield line

    def kill(self):
        self.process.send_signal(signal.SIGKILL)

    def cut(self):
        """The power goes, if it has not.  What had been said and not been heard yet."""
        self.kill()
        self.process.wait()
        return list(self.lines())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.running.discard(self)
        self.thread.join()
        self.process.stdin.close()
        self.process.stdout.close()
