"""What the tests of the wrapper share: a machine whose client is recorded, and its lapses."""
import sys

STORE = "the local store"
RECOVERED = f"[claude-p] auth lapsed; pulled fresh credentials from {STORE}, retrying once.\n"
STALE, FRESH = "sk-ant-oat01-TEST-STALE", "sk-ant-oat01-TEST-FRESH"
# What is looked at is what is done, not how fast: the usual seconds may pass on a loaded machine.
PATIENT = "timeout = 3min\npreflight = 3min\n"
NO_LOGIN = "Not logged in · Please run /login"

# Runs the stand-in and keeps what each run printed, to the byte, in ~/printed.N.
RECORDER = f"""#!{sys.executable} -IS
import glob, os, subprocess, sys
home = os.environ["HOME"]
try:
    os.fstat(0)
except OSError:
    os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)  # or a pipe gets the number
run = subprocess.run([home + "/standin/claude", *sys.argv[1:]], stdout=subprocess.PIPE)
with open(f"{{home}}/printed.{{len(glob.glob(home + '/printed.*'))}}", "wb") as file:
    file.write(run.stdout)
os.write(1, run.stdout)
sys.exit(run.returncode)
"""


def record_client(world):
    """Put the recorder between the wrapper and the stand-in, which install_client has put there."""
    folder = world.home / "standin"
    folder.mkdir()
    (world.bin / "claude").rename(folder / "claude")
    world.program("claude", RECORDER)


def printed(world):
    """What each run of the recorded client printed."""
    return [path.read_bytes() for path in sorted(world.home.glob("printed.*"))]


def publish(world, **fields):
    """A login in the store, in step with this machine, which is patient unless it is configured otherwise."""
    if not (world.home / ".config").exists():
        world.configure(f"[claude]\n{PATIENT}")
    world.write_login(**{"access": FRESH, **fields})
    result = world.run("credrelay", "publish", env={"CREDRELAY_ROLE": "writer"})
    assert result.status == 0, result


def lapse(world):
    """The store has a login that works; the one on this machine is refused with 401."""
    publish(world)
    world.write_login(access=STALE, refresh=None)


def proxy_store(world, before=""):
    """The relay's store is local: through a helper of the test's own, which counts its calls in
    ~/calls.  BEFORE: shell commands to run first, with $op."""
    from harness.world import LIBEXEC
    world.program("credrelay-store-proxy", f"""#!/bin/sh
IFS= read -r line
op=$(printf '%s' "$line" | sed 's/.*"op": *"\\([a-z]*\\)".*/\\1/')
echo "$op" >>"$HOME/calls"
{before}
printf '%s\\n' "$line" | sed 's#"proxy:[^"]*"#"local:'"$HOME"'/proxied.db"#' | {LIBEXEC}/store-local
""")
    world.configure(f"[claude]\nstore = proxy:\n{PATIENT}")


def calls(world):
    path = world.home / "calls"
    return path.read_text().split() if path.exists() else []
