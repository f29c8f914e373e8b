"""A channel's helper called as the program calls it (src/alert/protocol.h)."""
import json

from harness.world import LIBEXEC

MESSAGE = {
    "id": "00112233aabbccdd", "kind": "opened", "at": 1795500812000, "relay": "claude",
    "machine": "vps-1", "what": "run", "since": 1795500812000, "runs": 1,
    "why": "neither this machine nor the store has a login that works",
    "hint": "log in on a writer: claude /login", "deadline": 0,
    "subject": "[credrelay] claude on vps-1 needs help",
    "text": "Runs of claude on vps-1 fail.\n\nRemedy:      log in on a writer: claude /login\n",
}
DEFAULTS = {"webhook-format": "json", "resend-url": "https://api.resend.com/emails"}


class Channel:
    def __init__(self, world, name, **options):
        """OPTIONS are settings of [alert]; underscores stand for dashes."""
        self.world, self.name = world, name
        self.options = {**DEFAULTS, **{k.replace("_", "-"): str(v) for k, v in options.items()}}

    def secret(self, name, text, mode=0o600):
        """A file with a secret in the home; its path."""
        path = self.world.home / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def request(self, op="send", seconds=20, **message):
        return json.dumps({"credrelay": 1, "op": op, "channel": self.name, "options": self.options,
                           "message": {**MESSAGE, **message}, "deadline_ms": int(seconds * 1000)}) + "\n"

    def call(self, op="send", seconds=20, preexec_fn=None, **message):
        result = self.world.run(LIBEXEC / f"alert-{self.name}", input=self.request(op, seconds, **message),
                                preexec_fn=preexec_fn)
        assert result.status == 0, result
        assert result.err == "", result
        return result.json


def outcome(answer):
    """(error, message, hint) of an answer that is not ok."""
    assert answer["ok"] is False, answer
    return answer["error"], answer["message"], answer.get("hint", "")
