"""A login in the Keychain of macOS, by a stand-in for security(1) (fake/security.py)."""
import hashlib
import json
import sys

import pytest

from harness.world import FAKE, login

SERVICE, USER = "Claude Code-credentials", "me"
ITEM = f"the Keychain item '{SERVICE}'"
STALE, FRESH = "sk-ant-oat01-TEST-STALE", "sk-ant-oat01-TEST-FRESH"
FILE_HINT = ("unlock it in this session (security unlock-keychain), or keep the login in the file, "
             "which the client reads where it has no item: login-source = file")


class Keychain:
    def __init__(self, world):
        self.folder = world.home / "keychain"
        self.folder.mkdir()
        program = world.program("security", f"#!{sys.executable} -IS\nimport sys\n"
                                            f"sys.path.insert(0, {str(FAKE)!r})\n"
                                            "from security import main\nsys.exit(main(sys.argv[1:]))\n")
        world.env |= {"CREDRELAY_SECURITY_PROGRAM": str(program), "USER": USER}

    def items(self):
        path = self.folder / "items.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def put(self, content, service=SERVICE):
        """The item's text: dict, or bytes."""
        raw = json.dumps(content).encode() if isinstance(content, dict) else content
        self.set("items.json", json.dumps({**self.items(), f"{service}/{USER}": raw.hex()}))

    def raw(self, service=SERVICE):
        found = self.items().get(f"{service}/{USER}")
        return found and bytes.fromhex(found)

    def get(self, service=SERVICE):
        return json.loads(self.raw(service))

    def access(self, service=SERVICE):
        return self.get(service)["claudeAiOauth"]["accessToken"]

    def set(self, name, text):
        (self.folder / name).write_text(text)

    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def keychain(world):
    return Keychain(world)


def put_in_store(world, **fields):
    """A login in the store, by way of the file and without a memory of it."""
    world.write_login(**fields)
    published = world.run("credrelay", "publish", env={"CREDRELAY_LOGIN_SOURCE": "file"})
    assert published.status == 0, published
    world.login_path.unlink()
    for name in ("claude.json", "events.jsonl"):
        (world.state / name).unlink()


def shared(world):
    """What the store has: pulled onto a machine that keeps files."""
    pulled = world.run("credrelay", "pull", env={
        "CREDRELAY_LOGIN_SOURCE": "file", "CLAUDE_CONFIG_DIR": str(world.home / "elsewhere"),
        "CREDRELAY_MACHINE": "machine-2"})
    assert pulled.status == 0, pulled
    return json.loads((world.home / "elsewhere" / ".credentials.json").read_text())


# -- where it is -------------------------------------------------------------------------------


def test_a_login_in_the_keychain_is_published(world, keychain):
    keychain.put({**login(access=FRESH), "mcpOAuth": {"server": "of this machine"}})
    published = world.run("credrelay", "publish")
    assert (published.status, published.err) == (0, ""), published
    assert keychain.calls() == [f"find-generic-password -s '{SERVICE}' -a {USER} -w"] * 2
    assert not world.login_path.exists()
    # Without the refresh token, and without what is the machine's.
    assert shared(world).keys() == {"claudeAiOauth"}


def test_a_pull_goes_into_the_item(world, keychain):
    """Every other byte stays, no file is made, and no argument carries a token."""
    put_in_store(world, access=FRESH)
    text = json.dumps({"a": 1, **login(access=STALE, expires_in=-60), "mcpOAuth": {"x": "1.0"}})
    keychain.put(text.encode())
    pulled = world.run("credrelay", "pull")
    assert (pulled.status, pulled.err) == (0, ""), pulled
    assert keychain.access() == FRESH
    before, after = (t.decode() for t in (text.encode(), keychain.raw()))
    assert after.startswith('{"a": 1, "claudeAiOauth": {') and after.endswith(
        ', "mcpOAuth": {"x": "1.0"}}')
    assert before.split('"mcpOAuth"')[1] == after.split('"mcpOAuth"')[1]
    assert not world.login_path.exists()
    assert "-i" in keychain.calls()
    assert not [c for c in keychain.calls() if "TEST" in c or "TEST".encode().hex() in c]
    assert not (world.home / ".claude.lock").exists()


PLACES = [  # (setting, item there, file there, where the login is taken from)
    ("auto", True, True, "item"),
    ("auto", True, False, "item"),
    ("auto", False, True, "file"),
    ("file", True, True, "file"),
    ("keychain", True, True, "item"),
]


@pytest.mark.parametrize("setting, item, file, source", PLACES,
                         ids=["-".join(map(str, row)) for row in PLACES])
def test_where_it_is_looked_for(world, keychain, setting, item, file, source):
    world.configure(f"[claude]\nlogin-source = {setting}\n")
    if item:
        keychain.put(login(access="sk-ant-oat01-TEST-item"))
    if file:
        world.write_login(access="sk-ant-oat01-TEST-file")
    assert world.run("credrelay", "publish").status == 0
    assert shared(world)["claudeAiOauth"]["accessToken"] == f"sk-ant-oat01-TEST-{source}"
    assert (setting == "file") == (keychain.calls() == [])


def test_a_folder_of_its_own_has_an_item_of_its_own(world, keychain):
    """As the client names it: by the first digits of the SHA-256 of CLAUDE_CONFIG_DIR, as it is set."""
    folder = str(world.home / "work") + "/"
    world.env["CLAUDE_CONFIG_DIR"] = folder
    (world.home / "work").mkdir()
    own = f"{SERVICE}-{hashlib.sha256(folder.encode()).hexdigest()[:8]}"
    keychain.put(login(access="sk-ant-oat01-TEST-other"))
    keychain.put(login(access=FRESH), own)
    assert world.run("credrelay", "publish").status == 0
    assert shared(world)["claudeAiOauth"]["accessToken"] == FRESH
    keychain.put(login(access=STALE, expires_in=-60), own)
    assert world.run("credrelay", "pull", env={"CREDRELAY_ROLE": "reader"}).status == 0
    assert keychain.access(own) == FRESH and keychain.access() == "sk-ant-oat01-TEST-other"
    (world.home / "none").mkdir()
    missing = world.run("credrelay", "publish", env={"CLAUDE_CONFIG_DIR": str(world.home / "none"),
                                                     "CREDRELAY_LOGIN_SOURCE": "keychain"})
    assert missing.err.startswith(f"credrelay: publish: {ITEM[:-1]}-"), missing


NEW = [("auto", "file"), ("file", "file"), ("keychain", "item")]


@pytest.mark.parametrize("setting, target", NEW)
def test_where_the_first_one_goes(world, keychain, setting, target):
    put_in_store(world, access=FRESH)
    world.configure(f"[claude]\nlogin-source = {setting}\n")
    pulled = world.run("credrelay", "pull")
    assert pulled.status == 0, pulled
    assert world.login_path.exists() == (target == "file")
    assert (keychain.raw() is not None) == (target == "item")
    if target == "item":
        assert keychain.access() == FRESH


def test_other_characters_come_and_go(world, keychain):
    """security(1) shows those in hexadecimal."""
    put_in_store(world, access=FRESH)
    other = '{"mcpOAuth": {"name": "é 世界", "tab": "a\tb"}, "claudeAiOauth": null}'.replace("\t", "\\t")
    keychain.put(other.encode())
    assert world.run("credrelay", "pull").status == 0
    assert keychain.access() == FRESH
    assert keychain.raw().decode().startswith('{"mcpOAuth": {"name": "é 世界", "tab": "a\\tb"}, ')
    again = world.run("credrelay", "pull", "--json")
    assert again.json["did"] == "nothing" and again.json["local"]["state"] == "usable", again


def test_what_is_no_json_is_kept(world, keychain):
    put_in_store(world, access=FRESH)
    keychain.put(b'{"claudeAi')
    assert world.run("credrelay", "pull").status == 0
    assert keychain.access() == FRESH
    assert (world.home / ".claude/.credentials.json.damaged").read_bytes() == b'{"claudeAi'


def test_a_blank_item_is_healed(world, keychain):
    put_in_store(world, access=FRESH)
    keychain.put(login(access="", refresh="", expires_in=0, expiresAt=0))
    assert world.run("credrelay", "sync").status == 0
    assert keychain.access() == FRESH


# -- when it cannot be -------------------------------------------------------------------------

UNREADABLE = [  # (what security says, exit status, message, hint)
    ("36 SecKeychainItemCopyContent: User interaction is not allowed.", 77,
     "the Keychain is locked for this session, as it is over SSH and in the background", FILE_HINT),
    ("51 The user name or passphrase you entered is not correct.", 77,
     "the Keychain was not unlocked: wrong password", FILE_HINT),
    ("128 User canceled the operation.", 77,
     "somebody at the screen said no to reading the Keychain",
     "answer its question with Always Allow"),
    ("1 SecKeychainCopyDefault: A default keychain could not be found.", 69,
     "security find-generic-password: exit status 1: security: SecKeychainCopyDefault: "
     "A default keychain could not be found.", "login-source = file does without the Keychain"),
]


@pytest.mark.parametrize("said, status, message, hint", UNREADABLE, ids=[r[0] for r in UNREADABLE])
def test_an_item_out_of_reach(world, keychain, said, status, message, hint):
    """Not taken for an item that is not there: nothing is published, and nothing put elsewhere."""
    put_in_store(world, access=FRESH)
    keychain.put(login(access=STALE))
    before = keychain.raw()
    world.write_login(access="sk-ant-oat01-TEST-file")
    keychain.set("status", said)
    for command in ("publish", "pull", "sync"):
        result = world.run("credrelay", command)
        assert (result.status, result.out) == (status, ""), result
        assert result.err == f"credrelay: {command}: {message}\n  {hint}\n"
    assert keychain.raw() == before
    assert world.access_token() == "sk-ant-oat01-TEST-file"


def test_no_item_is_no_login(world, keychain):
    """44, unlike 36: there is none, and one can be put there."""
    world.configure("[claude]\nlogin-source = keychain\n")
    published = world.run("credrelay", "publish")
    assert (published.status, published.err) == (
        65, f"credrelay: publish: {ITEM} does not exist\n  credrelay pull, or log in: claude /login\n")


def test_a_question_on_the_screen_is_not_waited_for(world, keychain):
    keychain.put(login(access=FRESH))
    keychain.set("pause", "60")
    published = world.run("credrelay", "publish")
    assert published.status == 69 and 4.5 < published.seconds < 50
    assert published.err == ("credrelay: publish: the Keychain gave no answer within 5 s\n  it may be "
                             "asking a question on the screen: answer it with Always Allow\n")


def test_an_item_that_does_not_change(world, keychain):
    """security -i does not say so: it is read back."""
    put_in_store(world, access=FRESH)
    keychain.put(login(access=STALE, expires_in=-60))
    keychain.set("readonly", "")
    pulled = world.run("credrelay", "pull")
    assert (pulled.status, pulled.err) == (
        69, f"credrelay: pull: {ITEM} did not take the login\n  look at it in Keychain Access, or "
            "keep the login in the file: login-source = file\n")
    assert keychain.access() == STALE
    (keychain.folder / "readonly").unlink()
    assert world.run("credrelay", "pull").status == 0
    assert keychain.access() == FRESH


def test_an_item_beyond_a_line_is_left_alone(world, keychain):
    put_in_store(world, access=FRESH)
    keychain.put({**login(access=STALE, expires_in=-60), "mcpOAuth": "x" * 1800})
    before = keychain.raw()
    pulled = world.run("credrelay", "pull")
    assert pulled.status == 65
    first, hint, *_ = pulled.err.splitlines()
    assert first.startswith(f"credrelay: pull: {ITEM} would have ")
    assert first.endswith(" bytes, more than security(1) takes in a line")
    assert hint == "  keep the login in the file: login-source = file"
    assert keychain.raw() == before and "-i" not in keychain.calls()


def test_the_longest_that_fits(world, keychain):
    """Not a byte of it is lost where the line ends."""
    put_in_store(world, access=FRESH)
    low, high = 0, 2000
    while high - low > 1:
        middle = (low + high) // 2
        keychain.put({**login(access=STALE, expires_in=-60), "mcpOAuth": "x" * middle})
        fits = world.run("credrelay", "pull", env={"CREDRELAY_ROLE": "reader"}).status == 0
        assert keychain.access() == (FRESH if fits else STALE)
        assert keychain.get()["mcpOAuth"] == "x" * middle
        low, high = (middle, high) if fits else (low, middle)
    assert 1000 < low < 1999


def test_whose_item(world, keychain):
    keychain.put(login(access=FRESH))
    assert world.run("credrelay", "publish", env={"USER": "", "LOGNAME": USER}).status == 0
    for env in ({"USER": ""}, {"USER": 'a"b'}):
        published = world.run("credrelay", "publish", env=env)
        assert (published.status, published.err) == (
            65, "credrelay: publish: USER, the account of the Keychain item, is not set, or no name\n"
                "  export USER=$(id -un)\n")


def test_a_system_without_one(world):
    if sys.platform == "darwin":
        pytest.skip("macOS has one")
    world.configure("[claude]\nlogin-source = keychain\n")
    world.env["USER"] = USER
    published = world.run("credrelay", "publish")
    assert (published.status, published.err) == (
        69, "credrelay: publish: there is no Keychain on this system\n  login-source = file\n")


def test_a_tool_without_one(world, keychain):
    world.configure("[codex]\ntool = codex\nlogin-source = keychain\n")
    pulled = world.run("credrelay", "pull")
    assert (pulled.status, pulled.err) == (
        65, "credrelay: pull: login-source = keychain: codex has no item in the Keychain\n"
            "  login-source = file, or describe the item: credrelay-tool(5)\n")
    world.configure("[codex]\ntool = codex\n")
    world.run("credrelay", "pull")
    assert keychain.calls() == []


# -- the wrapper -------------------------------------------------------------------------------

# As the client: the Keychain first, the file when there is no item or it cannot be read.
CLIENT = f"""#!/bin/sh
login=$(security find-generic-password -s '{SERVICE}' -a "$USER" -w 2>/dev/null ||
        cat "$HOME/.claude/.credentials.json" 2>/dev/null)
case $login in
*{FRESH}*) echo ok ;;
*{STALE}*) echo 'Failed to authenticate. API Error: 401 Invalid authentication credentials'; exit 1 ;;
*) echo 'Not logged in · Please run /login'; exit 1 ;;
esac
"""


def test_a_run_heals_by_the_keychain(world, keychain):
    put_in_store(world, access=FRESH)
    world.program("claude", CLIENT)
    keychain.put(login(access=STALE, refresh=None))
    ran = world.run("claude-p", "hello")
    assert (ran.status, ran.out) == (0, "ok\n"), ran
    assert ran.err == ("[claude-p] auth lapsed; pulled fresh credentials from the local store, "
                       "retrying once.\n")
    assert keychain.access() == FRESH


def test_a_run_that_cannot_reach_it_says_what_to_do(world, keychain):
    put_in_store(world, access=FRESH)
    world.program("claude", CLIENT)
    keychain.put(login(access=STALE, refresh=None))
    keychain.set("status", UNREADABLE[0][0])
    ran = world.run("claude-p", "hello")
    assert (ran.status, ran.out) == (78, "Not logged in · Please run /login\n"), ran
    assert ran.err == (f"[claude-p] not recovered: {UNREADABLE[0][2]}.\n"
                       f"[claude-p]   {FILE_HINT}\n")
    # The file as the client reads it is another thing: a login for headless use of its own.
    ran = world.run("claude-p", "hello", env={"CREDRELAY_LOGIN_SOURCE": "file"})
    assert (ran.status, ran.out) == (0, "ok\n"), ran


def test_a_session_that_reads_the_file_is_left_to_it(world, keychain):
    """The Keychain is locked and the client has a file that works: nothing is in the way."""
    world.program("claude", CLIENT)
    keychain.put(login(access=STALE))
    keychain.set("status", UNREADABLE[0][0])
    world.write_login(access=FRESH)
    ran = world.run("claude-p", "hello")
    assert (ran.status, ran.out, ran.err) == (0, "ok\n", "")
    assert world.events() == []
