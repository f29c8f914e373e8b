"""What `make power-cut` judges by, without a machine: the disk that loses its cache, and the witness
that compares what is found with what was acknowledged."""
import base64
import json
import random
import socket
import struct

import pytest

from power.disk import GO, NO_ZEROES, FIXED_NEWSTYLE, OPTION_MAGIC, READ, REQUEST_MAGIC, SECTOR, WRITE, FLUSH, Disk
from power.witness import MOST_FAILURES, NEW_FILE, NEW_STORE, SHED, STORE, Witness

# ---- the disk ----

OLD, NEW, NEWER = (bytes([c]) * 4 * SECTOR for c in b"onN")


class Machine:
    """As much of a machine as asks a disk."""

    def __init__(self, disk):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(disk.address)
        assert self.receive(18) == b"NBDMAGIC" + struct.pack(">QH", OPTION_MAGIC, FIXED_NEWSTYLE | NO_ZEROES)
        self.socket.sendall(struct.pack(">IQII", FIXED_NEWSTYLE | NO_ZEROES, OPTION_MAGIC, GO, 6) + bytes(6))
        size = struct.unpack(">QIIIHQH", self.receive(32))[5]
        assert size == disk.size
        self.receive(20)

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            assert more, "the disk is gone"
            data += more
        return data

    def ask(self, kind, offset=0, length=0, data=b""):
        self.socket.sendall(struct.pack(">IHHQQI", REQUEST_MAGIC, 0, kind, 7, offset, length) + data)
        _, error, handle = struct.unpack(">IIQ", self.receive(16))
        assert (error, handle) == (0, 7)
        return self.receive(length) if kind == READ else None

    def write(self, block, data):
        self.ask(WRITE, block * len(data), len(data), data)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(OLD * 8)
    return path


def blocks(image):
    content = image.read_bytes()
    return [content[i:i + len(OLD)] for i in range(0, len(content), len(OLD))]


def life(image, seed, keeps_cache):
    """Blocks 0 and 1 are written and flushed, 1 to 5 written and not; the power goes."""
    with Disk(str(image), random.Random(seed)) as disk:
        machine = Machine(disk)
        machine.write(0, NEW)
        machine.write(1, NEW)
        machine.ask(FLUSH)
        for block in range(1, 6):
            machine.write(block, NEWER)
        assert machine.ask(READ, 0, len(OLD)) == NEW
        assert machine.ask(READ, len(OLD), len(OLD)) == NEWER
        machine.socket.close()
        disk.cut(keeps_cache)
    return blocks(image)


def test_a_disk_that_keeps_its_cache_loses_nothing(image):
    assert life(image, 1, keeps_cache=True) == [NEW, *[NEWER] * 5, OLD, OLD]


def test_a_disk_that_loses_its_cache_keeps_what_was_flushed_and_any_of_the_rest(image):
    fates = set()
    for seed in range(40):
        image.write_bytes(OLD * 8)
        found = life(image, seed, keeps_cache=False)
        assert found[0] == NEW and found[6:] == [OLD, OLD]
        for before, block in zip([NEW, *[OLD] * 4], found[1:6]):
            sectors = [block[i:i + SECTOR] for i in range(0, len(block), SECTOR)]
            kept = sum(sector == NEWER[:SECTOR] for sector in sectors)
            assert block == NEWER[:kept * SECTOR] + before[kept * SECTOR:]
            fates.add("whole" if kept == 4 else "gone" if kept == 0 else "torn")
    assert fates == {"whole", "gone", "torn"}


def test_the_power_goes_at_a_request(image):
    with Disk(str(image), random.Random(1)) as disk:
        machine, gone = Machine(disk), []
        disk.blow_after(2, lambda: gone.append(True))
        machine.write(0, NEW)
        machine.ask(FLUSH)
        assert not gone
        with pytest.raises((AssertionError, ConnectionError)):
            machine.write(1, NEW)
        machine.socket.close()
        disk.cut(keeps_cache=True)
    assert gone and blocks(image)[:2] == [NEW, OLD]


# ---- the witness ----

def login(n, **more):
    return {"claudeAiOauth": {"accessToken": f"sk-ant-oat01-TEST-{n}"}, "mcpOAuth": {"TEST": "company"}, **more}


def content(value, path=SHED):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return f"content {path} {base64.b64encode(text).decode()}"


def store(*numbers, path=STORE, renewable=None, intact=True):
    """The lines of a store that has those logins, newest first."""
    check = {"ok": True, "checks": [{"name": "intact", "ok": intact, "detail": "", "hint": ""}]}
    shared = [{"value": json.dumps(login(n))} for n in numbers]
    full = [{"value": json.dumps({"holder": "desk", "login": login(n)})} for n in renewable or numbers]
    return f"store {path} " + json.dumps([check, {"ok": True, "versions": shared}, {"ok": True, "versions": full}])


FILE, PRIVATE = content(login(7)), f"entry 600 203 {SHED}"
STATE = "/d/shed/.local/state/credrelay/claude.json"
NEW_READER, NEW_WRITER = NEW_FILE % 7, NEW_STORE % 7
ALL = ["ack store 7", "ack file 7"]

CASES = {  # what was acknowledged, what is found, the kinds of what is wrong
    "all is there": (ALL, [PRIVATE, FILE, store(7, 6)], []),
    "what was not acknowledged may be there": (["ack store 6", "ack file 6"], [PRIVATE, FILE, store(7, 6)], []),
    "and may not": (["ack store 6"], [store(6)], []),
    "nothing was acknowledged, nothing is there": ([], [], []),
    "an older login in the file": (ALL, [PRIVATE, content(login(6)), store(7)], ["lost"]),
    "a login of the future": (ALL, [PRIVATE, content(login(9)), store(7)], ["other"]),
    "no file": (ALL, [store(7)], ["lost"]),
    "an empty file": (ALL, [PRIVATE, content(b""), store(7)], ["torn"]),
    "half a file": (ALL, [PRIVATE, content(b'{"claudeAiOauth":{"acc'), store(7)], ["torn"]),
    "zeros": (ALL, [PRIVATE, content(bytes(203)), store(7)], ["torn"]),
    "no company": (ALL, [PRIVATE, content({**login(7), "mcpOAuth": {}}), store(7)], ["lost"]),
    "a file for all": (ALL, [f"entry 644 203 {SHED}", FILE, store(7)], ["other"]),
    "no store": (ALL, [PRIVATE, FILE], ["lost"]),
    "an older login in the store": (ALL, [PRIVATE, FILE, store(6)], ["lost", "lost"]),
    "an older renewable login": (ALL, [PRIVATE, FILE, store(7, renewable=[6])], ["lost"]),
    "a store that went back": (ALL, [PRIVATE, FILE, store(7, 5, 6)], ["other", "other"]),
    "a damaged store": (ALL, [PRIVATE, FILE, store(7, intact=False)], ["torn"]),
    "a torn memory": (ALL, [PRIVATE, FILE, store(7), f"entry 600 9 {STATE}", content(b"{", STATE)], ["torn"]),
    "the first file of a new machine": (["ack new-file 7"], [f"entry 600 9 {NEW_READER}", content(login(7), NEW_READER)], []),
    "it is missing": (["ack new-file 7"], [], ["lost"]),
    "the first value of a new store": (["ack new-store 7"], [store(7, path=NEW_WRITER)], []),
    "no new store": (["ack new-store 7"], [], ["lost"]),
    "a command failed": (["failed file 7 75 the store is locked"], [], ["other"]),
    "a temporary file after the next run": (["again 600 9 /d/shed/.claude/.x.credrelay-0123abcd"], [], ["other"]),
    "no file system": (ALL, ["unmountable xfs"], ["lost"]),
}


@pytest.mark.parametrize("before, after, kinds", CASES.values(), ids=CASES)
def test_the_witness(before, after, kinds):
    witness = Witness()
    for line in ["try 7", *before]:
        witness.hear(line)
    assert not witness.hopeless
    witness.wakes()
    for line in [*after, "looked"]:
        if not witness.unmountable:
            witness.hear(line)
    assert [kind for kind, _ in witness.findings] == kinds, witness.findings


def test_commands_that_all_fail_are_not_heard_for_ever():
    witness = Witness()
    for n in range(1, 100):
        witness.hear(f"try {n}")
        witness.hear(f"failed store {n} 65 it is damaged")
        if witness.hopeless:
            break
    assert n == len(witness.findings) == MOST_FAILURES
