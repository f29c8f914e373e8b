"""A watcher that is there and does nothing: what status and doctor see of one is a lock and a file.

    with watching(world, claude={"holder": "mac-2"}):
        world.run("credrelay", "status")
"""
import contextlib
import fcntl
import json
import os
import time


@contextlib.contextmanager
def watching(world, version=None, **relays):
    """RELAYS: what it says of each (src/watch/presence.h), times in ms since 1970.  VERSION: by
    default the one that is installed."""
    world.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(world.state / "watch.lock", os.O_RDWR | os.O_CREAT, 0o600)
    version = version or world.run("credrelay", "version", "--json").json["version"]
    said = {"v": 1, "pid": os.getpid(), "since": int(time.time() * 1000) - 7_200_000,
            "version": version,
            "relays": [{"relay": name, "role": "writer", **facts} for name, facts in relays.items()]}
    path = world.state / "watch.json"
    path.write_text(json.dumps(said))
    path.chmod(0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)
