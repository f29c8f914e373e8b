"""Invitations made and read by hand, after src/provision/invitation.h and not by its code; and a
machine whose service manager is a stand-in."""
import base64
import hashlib
import json
import time

FORMAT = "credrelay-invitation-1"


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def line_of(head, body):
    """HEAD.BODY.CHECK"""
    start = f"{head}.{base64url(body)}"
    return f"{start}.{base64url(hashlib.blake2b(start.encode(), digest_size=32).digest()[:6])}"


def open_line(**content):
    """An invitation that is not sealed; what is not said is a reader's."""
    now = int(time.time() * 1000)
    content = {"made": now, "expires": now + 3_600_000, "by": "mac-1", "relay": "claude",
               "settings": {"role": "reader", "store": "ssm://us-west-2/claude/oauth/credentials",
                            "reader-profile": "claude-creds-reader"},
               "keys": [{"profile": "claude-creds-reader", "id": "AKIATESTREADER",
                         "secret": "a-made-up-secret"}], **content}
    return line_of(f"{FORMAT}.open", json.dumps(content).encode())


def content_of(line):
    """What an open invitation says."""
    head, kind, body, check = line.strip().split(".")
    assert (head, kind) == (FORMAT, "open")
    assert line_of(f"{head}.{kind}", base64.urlsafe_b64decode(body + "==")) == line.strip()
    return json.loads(base64.urlsafe_b64decode(body + "=="))


SYSTEMCTL = """#!/bin/sh
# A user manager that keeps what it is told in ~/systemctl.calls; the service runs once restarted.
echo "$*" >>"$HOME/systemctl.calls"
case "$*" in
*" show "*) if [ -e "$HOME/systemctl.runs" ]; then printf 'LoadState=loaded\\nMainPID=4242\\n'
            else printf 'LoadState=not-found\\nMainPID=0\\n'; fi ;;
*" enable "*) mkdir -p "$HOME/.config/systemd/user/default.target.wants"
              ln -sf "$3" "$HOME/.config/systemd/user/default.target.wants/" ;;
*" restart "*) : >"$HOME/systemctl.runs" ;;
esac
"""

NO_SYSTEMCTL = """#!/bin/sh
echo "Failed to connect to bus: No medium found" >&2
exit 1
"""


def service_manager(world, answers=True):
    """Never the real one, which would start our watcher for whoever runs the tests."""
    world.program("systemctl", SYSTEMCTL if answers else NO_SYSTEMCTL)


def unit(world):
    return world.home / ".config" / "systemd" / "user" / "credrelay-watch.service"
