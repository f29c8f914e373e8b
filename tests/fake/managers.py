"""Stand-ins for systemctl and launchctl: what they were told is kept in ~/manager, and they answer as
a manager would whose services' processes are numbers.

    calls      a line for each call, as it was made
    loaded     the manager knows the unit: its text as it was read, of launchd the domain
    pid        the watcher's process
    runs       the text of the unit that this process was started by
    refuse     lines "WORDS<tab>MESSAGE": a call with these words in it fails, saying that
    dies       "N WORDS": the Nth call from now with these words in it is killed
    domains    the domains that launchd has here
    lingers    launchd: how many more questions a service that is leaving is still there
"""
import os
import signal
import sys
from pathlib import Path

FOLDER = Path(os.environ["HOME"], "manager")
PID = "4242"


def note(name, text):
    (FOLDER / name).write_text(text)


def noted(name):
    path = FOLDER / name
    return path.read_text() if path.exists() else ""


def forget(*names):
    for name in names:
        (FOLDER / name).unlink(missing_ok=True)


def fail(message, status=1):
    sys.stderr.write(message + "\n")
    sys.exit(status)


def unit_path():
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ["HOME"] + "/.config"
    return Path(base, "systemd/user/credrelay-watch.service")


def link_path():
    return unit_path().parent / "default.target.wants" / unit_path().name


def systemctl(words):
    assert words[0] == "--user", words
    action, rest = words[1], [w for w in words[2:] if not w.startswith("--")]
    if action == "daemon-reload":
        note("loaded", unit_path().read_text()) if unit_path().exists() else forget("loaded")
    elif action == "show":
        print("LoadState=" + ("loaded" if (FOLDER / "loaded").exists() else "not-found"))
        print("MainPID=" + (noted("pid") or "0"))
    elif action == "enable":
        assert rest == [str(unit_path())], rest
        link_path().parent.mkdir(exist_ok=True)
        link_path().unlink(missing_ok=True)
        link_path().symlink_to(unit_path())
        print(f"Created symlink {link_path()}.", file=sys.stderr)
    elif action == "restart":
        assert rest == [unit_path().name] and (FOLDER / "loaded").exists()
        note("pid", PID)
        note("runs", noted("loaded"))
    elif action == "disable":
        assert rest == [unit_path().name] and "--now" in words
        link_path().unlink(missing_ok=True)
        forget("pid", "runs")
    else:
        fail(f"Unknown command verb {action}.")


LABEL = "dev.credrelay.watch"


def in_domain(target):
    """The domain of a service target, when the service is loaded there and has not left."""
    domain, _, label = target.rpartition("/")
    left = int(noted("lingers") or 0)
    if (FOLDER / "leaving").exists():
        note("lingers", str(left - 1))
        if left <= 0:
            forget("loaded", "pid", "runs", "leaving", "lingers")
    return label == LABEL and (FOLDER / "loaded").exists() and noted("loaded") == domain


def launchctl(words):
    action, rest = words[0], words[1:]
    if action == "print" and rest[0].endswith(LABEL):
        if not in_domain(rest[0]):
            fail(f'Could not find service "{LABEL}" in domain for {rest[0]}', 113)
        print(f"{rest[0]} = {{\n\tactive count = 1\n\tstate = running\n\tpid = {noted('pid')}\n}}")
    elif action == "print":
        if rest[0] not in noted("domains").split():
            fail(f'Could not find domain for {rest[0]}', 113)
        print(f"{rest[0]} = {{\n\ttype = login\n\tpid = 1\n}}")
    elif action == "enable":
        pass
    elif action == "bootstrap":
        if (FOLDER / "loaded").exists():
            fail("Bootstrap failed: 5: Input/output error", 5)
        note("runs", Path(rest[1]).read_text())
        note("loaded", rest[0])
        note("pid", PID)
    elif action == "bootout":
        note("leaving", "")
        if noted("lingers"):
            fail("Boot-out failed: 36: Operation now in progress", 36)
    else:
        fail(f"Unrecognized subcommand: {action}", 64)


def die_in_turn(words):
    nth, _, said = noted("dies").partition(" ")
    if not nth or said not in " ".join(words):
        return
    note("dies", f"{int(nth) - 1} {said}") if nth != "1" else forget("dies")
    if nth == "1":
        os.kill(os.getpid(), signal.SIGKILL)


def main(name, words):
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "calls", "a") as calls:
        calls.write(" ".join([name, *words]) + "\n")
    for line in noted("refuse").splitlines():
        said, message = line.split("\t")
        if said in " ".join(words):
            fail(message)
    die_in_turn(words)
    {"systemctl": systemctl, "launchctl": launchctl}[name](words)
