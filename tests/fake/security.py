"""A stand-in for macOS's security(1), as far as clients use it for their logins: find-generic-password
and, from its standard input, add-generic-password.  Made after Apple's published source and what
clients are known to do; not compared with the real one.

The items are in ~/keychain/items.json.  Beside it:
    calls     a line for each call: its arguments
    status    "STATUS MESSAGE": find-generic-password fails so
    readonly  add-generic-password does nothing
    pause     seconds that each call takes
"""
import json
import os
import shlex
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["HOME"], "keychain")
MAX_LINE = 4095  # security.c: MAX_LINE_LEN 4096; what is beyond is the next command
STATUS = {"not allowed": 36, "not found": 44}


def items():
    path = FOLDER / "items.json"
    return json.loads(path.read_text()) if path.exists() else {}


def fail(status, message):
    sys.stderr.write(f"security: {message}\n")
    return status


def options(words, flags):
    """{"-s": value}; FLAGS take none."""
    found, words = {}, list(words)
    while words:
        word = words.pop(0)
        found[word] = True if word in flags else words.pop(0)
    return found


def find(words):
    if (FOLDER / "status").exists():
        status, message = (FOLDER / "status").read_text().split(" ", 1)
        return fail(int(status), message)
    o = options(words, {"-w"})
    password = items().get(f"{o['-s']}/{o['-a']}")
    if password is None:
        return fail(STATUS["not found"], "SecKeychainSearchCopyNext: "
                    "The specified item could not be found in the keychain.")
    assert o["-w"]
    raw = bytes.fromhex(password)
    printable = all(0x20 <= byte < 0x7f for byte in raw)
    print(raw.decode() if printable else password)
    return 0


def add(words):
    if (FOLDER / "readonly").exists():
        return fail(STATUS["not allowed"], "SecKeychainItemModifyContent: User interaction is not allowed.")
    o = options(words, {"-U"})
    bytes.fromhex(o["-X"])
    kept = items()
    key = f"{o['-s']}/{o['-a']}"
    if key in kept and not o.get("-U"):
        return fail(45, "SecKeychainItemCreateFromContent: The specified item already exists.")
    (FOLDER / "items.json").write_text(json.dumps({**kept, key: o["-X"]}))
    return 0


def interactive():
    while line := sys.stdin.readline(MAX_LINE):
        words = shlex.split(line)
        if words and words[0] == "add-generic-password":
            add(words[1:])
        elif words:
            fail(0, f"unknown command \"{words[0]}\"")
    return 0


def main(words):
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "calls", "a") as calls:
        calls.write(shlex.join(words) + "\n")
    if (FOLDER / "pause").exists():
        time.sleep(float((FOLDER / "pause").read_text()))
    return interactive() if words == ["-i"] else {"find-generic-password": find}[words[0]](words[1:])
