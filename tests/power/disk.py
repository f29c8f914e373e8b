"""A disk of a machine whose power is cut: a file, served to qemu as a network block device.

    with Disk(image, random.Random(7)) as disk:
        qemu("-drive", disk.drive, ...)    # and kill it; or, at one request of its:
        disk.blow_after(20, kill_it)
        disk.cut(keeps_cache=False)        # what is in the image now is what the machine finds

Like most disks it has a cache: a write is acknowledged when it is in there, and is safe when the
machine has flushed the cache since.  A cut with the cache lost keeps any of the writes after the last
flush, in any combination, and may end each between any two sectors: what a disk may do that writes
its cache back in an order of its own.

The protocol is github.com/NetworkBlockDevice/nbd, doc/proto.md: as much of it as qemu speaks to a
server that says it can flush, and nothing else."""
import os
import socket
import struct
import tempfile
import threading

# What the medium writes as a whole.  With 512, ext4 with a block of more was seen to refuse its own
# journal: the checksum of a commit goes over the block.
SECTOR = 4096
OPTION_MAGIC, REPLY_MAGIC = 0x49484156454F5054, 0x3E889045565A9
REQUEST_MAGIC, SIMPLE_REPLY_MAGIC = 0x25609513, 0x67446698
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
HAS_FLAGS, SEND_FLUSH = 1, 4
EXPORT_NAME, INFO, GO = 1, 6, 7
ACK, INFO_REPLY, UNSUPPORTED = 1, 3, 0x80000001
READ, WRITE, DISCONNECT, FLUSH = range(4)
EINVAL = 22


class Gone(Exception):
    """The machine has no power any more."""


class Cache:
    """The writes to an open file since the last flush."""

    def __init__(self, fd):
        self.fd, self.pending = fd, []

    def write(self, offset, data):
        self.pending.append((offset, os.pread(self.fd, len(data), offset), data))
        os.pwrite(self.fd, data, offset)

    def flush(self):
        self.pending.clear()

    def lose(self, rng):
        """Back to the last flush, then a part of what came since.  How many went."""
        for offset, before, _ in reversed(self.pending):
            os.pwrite(self.fd, before, offset)
        lost = 0
        for offset, _, data in self.pending:
            fate = rng.random()
            if fate < 0.5:
                lost += 1
                continue
            ends = range(-offset % SECTOR or SECTOR, len(data), SECTOR)
            torn = fate > 0.9 and len(ends) > 0
            os.pwrite(self.fd, data[:rng.choice(ends)] if torn else data, offset)
            lost += torn
        self.flush()
        return lost


class Disk:
    def __init__(self, image, rng):
        self.image, self.rng = image, rng
        self.fd = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.fd).st_size
        self.cache = Cache(self.fd)
        self.fuse, self.blow = 0, None
        self.folder = tempfile.TemporaryDirectory(prefix="power")  # a socket's path must be short
        self.address = f"{self.folder.name}/disk"
        self.drive = f"driver=nbd,server.type=unix,server.path={self.address},cache.direct=off,if=none,id=disk"

    def __enter__(self):
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.address)
        self.listening.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listening.close()
        self.folder.cleanup()
        os.close(self.fd)

    def cut(self, keeps_cache):
        """After qemu was killed.  How many writes were lost."""
        self.thread.join(timeout=30)
        assert not self.thread.is_alive(), "the disk is still in use"
        if keeps_cache:
            self.cache.flush()
            return 0
        return self.cache.lose(self.rng)

    def blow_after(self, requests, blow):
        """Of those that change something, REQUESTS are answered yet; instead of the next, BLOW()."""
        self.fuse, self.blow = requests, blow

    def burn(self):
        if not self.blow:
            return
        if self.fuse == 0:
            self.blow()
            raise Gone
        self.fuse -= 1

    # ---- the protocol ----

    def serve(self):
        self.peer, _ = self.listening.accept()
        with self.peer:
            try:
                self.negotiate()
                while True:
                    self.answer()
            except (Gone, ConnectionError):
                pass

    def receive(self, layout):
        return struct.unpack(layout, self.receive_bytes(struct.calcsize(layout)))

    def receive_bytes(self, count):
        data = bytearray()
        while len(data) < count:
            more = self.peer.recv(count - len(data))
            if not more:
                raise Gone
            data += more
        return bytes(data)

    def negotiate(self):
        self.peer.sendall(struct.pack(">8sQH", b"NBDMAGIC", OPTION_MAGIC, FIXED_NEWSTYLE | NO_ZEROES))
        self.receive(">I")
        export = struct.pack(">QH", self.size, HAS_FLAGS | SEND_FLUSH)
        while True:
            _, option, length = self.receive(">QII")
            self.receive_bytes(length)
            if option == EXPORT_NAME:
                return self.peer.sendall(export)
            if option in (INFO, GO):
                self.option_reply(option, INFO_REPLY, b"\0\0" + export)
                self.option_reply(option, ACK)
            else:
                self.option_reply(option, UNSUPPORTED)
            if option == GO:
                return

    def option_reply(self, option, kind, data=b""):
        self.peer.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(data)) + data)

    def answer(self):
        _, _, kind, handle, offset, length = self.receive(">IHHQQI")
        error, data = 0, b""
        if kind in (WRITE, FLUSH):
            self.burn()
        if kind == READ:
            data = os.pread(self.fd, length, offset)
        elif kind == WRITE:
            self.cache.write(offset, self.receive_bytes(length))
        elif kind == FLUSH:
            self.cache.flush()
        elif kind == DISCONNECT:
            raise Gone
        else:
            error = EINVAL
        self.peer.sendall(struct.pack(">IIQ", SIMPLE_REPLY_MAGIC, error, handle) + data)
