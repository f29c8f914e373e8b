"""The beginning of a store that misbehaves: a program made by harness/proxy_store.py.

Reads the request, writes down that it was asked, and lets the rest of the program do one thing
wrong before or after it asks the real store."""
import json
import os
import signal  # noqa: F401  for the programs
import subprocess
import sys
import time  # noqa: F401  for the programs

HERE = os.environ["PROXY_FOLDER"]
LOCAL = os.environ["PROXY_LOCAL"]

line = sys.stdin.buffer.readline()
request = json.loads(line)
op, path = request["op"], request["path"]
renewable = path.endswith(".renewable")


def note(name, content):
    """Append a line; short ones are written whole."""
    fd = os.open(f"{HERE}/{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, content.encode() + b"\n")
    os.close(fd)


note("calls", f"{op}{' renewable' if renewable else ''}")


def nth(name):
    """How many calls like NAME ("put", "get renewable") there have been, this one counted."""
    with open(f"{HERE}/calls") as calls:
        return sum(call.rstrip("\n") == name for call in calls)


def now(name):
    """Is this the very call of that NAME: now("put 2"), now("get renewable 1")?"""
    kind, _, number = name.rpartition(" ")
    return kind == f"{op}{' renewable' if renewable else ''}" and nth(kind) == int(number)


def ask(**changes):
    """What the real store says to the request, with CHANGES."""
    changed = {**request, "store": request["store"].replace("proxy:", "local:", 1), **changes}
    run = subprocess.run([LOCAL], input=json.dumps(changed).encode() + b"\n", check=True,
                         stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def tell(answer):
    print(json.dumps(answer), flush=True)


def put_as_ssm():
    """A store without compare-and-swap: puts whatever `expect` says, and tells that it raced."""
    seen = request["expect"]
    while True:
        newest = ask(op="get").get("version", 0)
        answer = ask(expect=newest)
        if answer["ok"]:
            return {**answer, **({"raced": True} if answer["version"] != seen + 1 else {})}
