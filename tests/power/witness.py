"""What must hold when the power comes back: a witness hears all that the guest says (tests/power/init)
and compares what it finds after a cut with what had been acknowledged before.

    witness = Witness()
    for each life of the machine:
        witness.wakes()
        for line in guest.lines(): witness.hear(line)
    witness.findings     [(kind, sentence)]

The kinds: "lost", an acknowledged login is not there; "torn", a file is not whole; "other", whatever
else may not be: another mode, something left behind, a command that fails."""
import base64
import json
import re

TOKEN = re.compile(r"sk-ant-oat01-TEST-(\d+)$")
COMPANY = {"TEST": "company"}  # the machine's own key in the file of its login
SHED, STORE = "/d/shed/.claude/.credentials.json", "/d/store/store.db"
NEW_FILE, NEW_STORE = ("/d/new/reader-%d/.claude/.credentials.json",
                       "/d/new/writer-%d/.local/state/credrelay/store.db")
CLIENTS = re.compile(r"/d/(desk|new/writer-\d+)/\.claude/")  # written by a client, not by us
MOST_FAILURES = 5  # of commands, from one cut to the next
TEMPORARY = re.compile(r"\.credrelay-[0-9a-f]+$")


def number(value):
    """Of the login in VALUE, the content of a login file or of a store; 0: there is none."""
    oauth = value.get("login", value).get("claudeAiOauth")
    return int(TOKEN.match(oauth["accessToken"])[1]) if oauth else 0


def of_login_file(content, acked, tried, company=True):
    """What is wrong with a login file of that CONTENT (None: it is missing)."""
    if content is None:
        return [("lost", f"login {acked} was acknowledged, the file is missing")] if acked else []
    try:
        value = json.loads(content)
        found = number(value)
    except (ValueError, KeyError, TypeError, AttributeError):
        return [("torn", f"login {acked} was acknowledged, the file holds {content[:60]!r}")]
    if company and value.get("mcpOAuth") != COMPANY:
        return [("lost", "the machine's own keys are not in the file")]
    return of_number("the file", found, acked, tried)


def of_number(where, found, acked, tried):
    if found < acked:
        return [("lost", f"login {acked} was acknowledged, {where} has {found}")]
    if found > tried:
        return [("other", f"{where} has login {found}, and {tried} is the last there was")]
    return []


def of_store(answers, acked, tried):
    """What is wrong with a store; ANSWERS: to check, to history of the shared and of the renewable
    value."""
    check, *histories = answers
    wrong = [("torn", f"the store: {row['name']}: {row['detail']} {row['hint']}")
             for row in check.get("checks", [check]) if not row["ok"]]
    for what, answer in zip(("the shared value", "the renewable value"), histories):
        if not answer["ok"]:
            wrong.append(("torn", f"{what}: {answer['message']}"))
            continue
        try:
            order = [number(json.loads(version["value"])) for version in answer["versions"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            wrong.append(("torn", f"{what} is no login: {str(answer)[:200]}"))
            continue
        wrong += of_number(what, order[0] if order else 0, acked, tried)
        if order != sorted(order, reverse=True):
            wrong.append(("other", f"{what} went backwards: {order[::-1]}"))
    return wrong


class Witness:
    def __init__(self):
        self.tried = self.acks = 0
        self.findings = []
        self.wakes()
        self.gets_new_disk()

    def gets_new_disk(self):
        self.acked = {"file": 0, "store": 0}
        self.new = {"new-file": set(), "new-store": set()}  # in this life: the next one removes them

    def wakes(self):
        self.entries, self.contents, self.stores = {}, {}, {}
        self.failures, self.looked, self.unmountable = 0, False, False

    def hear(self, line):
        word, _, rest = line.partition(" ")
        if handler := getattr(self, f"hear_{word}", None):
            handler(rest)

    def note(self, findings):
        self.findings += findings

    # ---- after a cut ----

    def hear_entry(self, rest):
        mode, _, path = rest.split(" ", 2)
        self.entries[path] = mode

    def hear_content(self, rest):
        path, _, content = rest.partition(" ")
        self.contents[path] = base64.b64decode(content)

    def hear_store(self, rest):
        path, _, answers = rest.partition(" ")
        self.stores[path] = json.loads(answers)

    def hear_unmountable(self, fs):
        self.unmountable = True
        self.note([("lost", f"{fs} does not know its disk any more")])

    def hear_looked(self, _):
        self.looked = True
        self.look_at_files()
        self.look_at_stores()
        self.new = {what: set() for what in self.new}

    def look_at_files(self):
        self.note(of_login_file(self.contents.get(SHED), self.acked["file"], self.tried))
        for n in self.new["new-file"]:
            self.note(of_login_file(self.contents.get(NEW_FILE % n), n, self.tried, company=False))
        for path, content in self.contents.items():
            if CLIENTS.match(path):
                continue
            if self.entries[path] != "600":
                self.note([("other", f"{path} has mode {self.entries[path]}")])
            if path.endswith(".json") and "/.local/" in path and not is_json(content):
                self.note([("torn", f"{path} holds {content[:60]!r}")])

    def look_at_stores(self):
        wanted = {STORE: self.acked["store"], **{NEW_STORE % n: n for n in self.new["new-store"]}}
        for path, acked in wanted.items():
            if path in self.stores:
                self.note(of_store(self.stores[path], acked, self.tried))
            elif acked:
                self.note([("lost", f"login {acked} was acknowledged, the store {path} is missing")])

    # ---- before the next one ----

    def hear_try(self, rest):
        self.tried = int(rest)

    def hear_ack(self, rest):
        what, n = rest.split()
        self.acks += 1
        if what in self.new:
            self.new[what].add(int(n))
        else:
            self.acked[what] = int(n)

    @property
    def hopeless(self):
        """Nothing will be written to this disk any more."""
        return self.unmountable or self.failures >= MOST_FAILURES

    def hear_failed(self, rest):
        self.failures += 1
        self.note([("other", f"failed: {rest}")])

    def hear_again(self, rest):
        if TEMPORARY.search(rest):
            self.note([("other", f"left behind: {rest}")])


def is_json(content):
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False
