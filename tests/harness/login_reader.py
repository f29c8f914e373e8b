"""Reads a login file over and over until its standard input ends, as a client that starts at any moment
would, and says what it saw: {"reads", "logins" (how many), "blank", "wrong": [what, ...]}.

    python3 login_reader.py PATH

A login is later than another by its deadline, then by the number of its token: that is how the
stand-in vendor (fake/api.py) makes them.  A blank one is the client's own doing, and passed over."""
import json
import os
import select
import sys


def order(login):
    return login["refreshTokenExpiresAt"], int(login["accessToken"].rsplit("-", 1)[1])


class Seen:
    def __init__(self):
        self.reads = self.blank = 0
        self.last, self.highest, self.logins, self.wrong = None, (0, 0), set(), []

    def look(self, path):
        self.reads += 1
        try:
            with open(path, "rb") as file:
                mode, content = os.fstat(file.fileno()).st_mode & 0o777, file.read()
        except FileNotFoundError:
            return self.is_wrong("it is gone")
        if content != self.last:
            self.last = content
            self.judge(mode, content)

    def is_wrong(self, what):
        if len(self.wrong) < 20:
            self.wrong.append(what)

    def judge(self, mode, content):
        if mode != 0o600:
            self.is_wrong(f"mode {oct(mode)}")
        try:
            whole = json.loads(content)
            login = whole["claudeAiOauth"]
            place = order(login) if login["accessToken"] else None
        except (ValueError, KeyError, IndexError) as error:
            return self.is_wrong(f"torn ({error}): {content[:200]!r}")
        if "mcpOAuth" not in whole:
            self.is_wrong("what is beside the login is lost")
        if not place:
            self.blank += 1
        elif place < self.highest:
            self.is_wrong(f"back from {self.highest} to {place}")
        else:
            self.highest = place
            self.logins.add(place)


def main(path):
    seen = Seen()
    while not select.select([0], [], [], 0)[0]:
        for _ in range(50):
            seen.look(path)
    json.dump({"reads": seen.reads, "logins": len(seen.logins), "blank": seen.blank, "wrong": seen.wrong},
              sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
