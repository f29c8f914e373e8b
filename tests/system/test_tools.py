"""Other tools than claude: codex as shipped (fake/codex), and one that a user describes."""
import base64
import json
import shutil
import time

import pytest

from harness.world import FAKE

CONF = "[codex]\ntool = codex\nstore = local:{store}\n"


def jwt(name, expires_in=3600):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    claims = {"exp": int(time.time() + expires_in), "jti": name}
    # The stand-in looks for STALE and MIDWAY in the token as it is.
    return f"{part({'alg': 'none'})}.{part(claims)}.TEST-{name}"


def auth(name, refresh="rt-TEST", refreshed="2026-11-24T01:02:03.123456Z", **claims):
    tokens = {"id_token": "id.TEST", "access_token": jwt(name, **claims), "refresh_token": refresh,
              "account_id": "account-TEST"}
    return {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": refreshed}


class Codex:
    """One machine with the stand-in."""

    def __init__(self, world, store=None, role="writer"):
        self.world, self.path = world, world.home / ".codex" / "auth.json"
        shutil.copy(FAKE / "codex", world.bin / "codex")
        world.configure(CONF.format(store=store or world.home / "store.db") + f"role = {role}\n")
        self.path.parent.mkdir(mode=0o700)

    def write(self, content):
        self.path.write_text(json.dumps(content, indent=2))
        self.path.chmod(0o600)

    def read(self):
        return json.loads(self.path.read_text())

    def publish(self, content):
        self.write(content)
        result = self.world.run("credrelay", "publish")
        assert result.status == 0, result

    def exec(self, *options, env=None):
        return self.world.run("credrelay", "run", "-t", "codex", "--", "codex", "exec", *options, "hello",
                              env=env)

    def runs(self):
        return (self.world.home / "codex.runs").read_text().split()


@pytest.fixture
def codex(world):
    return Codex(world)


RECOVERED = ("[claude-p] auth lapsed; pulled fresh credentials from the local store, "
             "retrying once.\n")


def test_a_login_goes_from_machine_to_machine(machines, tmp_path):
    one, two = machines("machine-1", "machine-2")
    writer, reader = Codex(one, tmp_path / "s.db"), Codex(two, tmp_path / "s.db", "reader")
    for machine in (one, two):
        machine.write_login()
    claudes = two.login_path.read_bytes()
    login = auth("1")
    writer.publish(login)
    reader.write({"OPENAI_API_KEY": None, "x": 0.10, "last_refresh": "2020-01-01T00:00:00Z"})

    pulled = two.run("credrelay", "pull")
    assert pulled.status == 0, pulled
    tokens = {**login["tokens"], "refresh_token": ""}
    assert reader.read() == {**login, "tokens": tokens, "x": 0.10}
    assert '"x": 0.1' in reader.path.read_text()
    assert oct(reader.path.stat().st_mode & 0o777) == "0o600"
    assert two.login_path.read_bytes() == claudes
    assert reader.exec("--json").status == 0


def test_logins_are_ordered_by_their_last_refresh(machines, tmp_path):
    """Seen by nobody before; the one refreshed later expires sooner."""
    one, two = machines("machine-1", "machine-2")
    a, b = Codex(one, tmp_path / "s.db"), Codex(two, tmp_path / "s.db")
    a.publish(auth("1", refreshed="2026-11-24T01:00:00Z", expires_in=80000))
    b.write(auth("2", refreshed="2026-11-24T01:59:59+01:00", expires_in=90000))
    refused = two.run("credrelay", "publish", "--json")
    assert (refused.status, refused.json["why"]) == (65, "store_later"), refused
    b.publish(auth("3", refreshed="2026-11-24T01:00:00.5Z", expires_in=70000))
    assert one.run("credrelay", "pull", "--json").json["did"] == "install_shared"
    assert a.read()["last_refresh"] == "2026-11-24T01:00:00.5Z"


def test_a_refused_login_heals_in_a_stream(codex):
    codex.publish(auth("FRESH"))
    codex.write(auth("STALE", refresh=""))
    result = codex.exec("--json")
    assert (result.status, result.err) == (0, RECOVERED), result
    events = [json.loads(line) for line in result.out.splitlines()]
    assert [e["type"] for e in events] == ["thread.started", "turn.started", "item.completed",
                                           "turn.completed"]
    assert [token[-5:] for token in codex.runs()] == ["STALE", "FRESH"]


def test_a_run_that_did_work_is_not_repeated(codex):
    codex.publish(auth("FRESH"))
    codex.write(auth("MIDWAY", refresh=""))
    result = codex.exec("--json")
    assert result.status == 1 and len(codex.runs()) == 1, result
    assert result.err == ("[claude-p] auth lapsed; not retried: the run had already answered in part. "
                          "The next run has a fresh login.\n"
                          "[claude-p]   go on with: codex exec resume "
                          "0199a213-81c0-7800-8aa1-bbab2a035a53\n")
    assert codex.exec("--json").status == 0


def test_a_missing_login_is_there_before_the_run(codex):
    codex.publish(auth("FRESH"))
    codex.path.unlink()
    result = codex.exec()
    assert (result.status, result.out, result.err) == (0, "hello\n", RECOVERED), result


def test_without_json_the_run_is_as_it_ended(codex):
    codex.publish(auth("FRESH"))
    codex.write(auth("STALE", refresh=""))
    result = codex.exec()
    assert (result.status, result.out) == (1, ""), result
    assert result.err.startswith("ERROR: unexpected status 401 Unauthorized: {")


@pytest.mark.parametrize("key", ["CODEX_API_KEY", "OPENAI_API_KEY"])
def test_a_key_goes_before_the_login(codex, key):
    codex.publish(auth("FRESH"))
    codex.write(auth("STALE", refresh=""))
    result = codex.exec("--json", env={key: "sk-TEST-STALE"})
    assert result.status == 78, result
    assert f"the credential that failed is not the login but {key}" in result.err


def test_a_key_in_the_file_goes_before_the_login(codex):
    codex.publish(auth("FRESH"))
    codex.write({**auth("STALE", refresh=""), "OPENAI_API_KEY": "sk-TEST"})
    result = codex.exec("--json")
    assert result.status == 78, result
    assert "is not the login but OPENAI_API_KEY in auth.json" in result.err


def test_the_wrapper_by_the_tools_name(codex, tmp_path):
    """codex-p is `codex exec`, and claude-p is claude's although codex's section is the first."""
    from harness.world import PREFIX
    world = codex.world
    (world.bin / "codex-p").symlink_to(PREFIX / "bin" / "credrelay")
    codex.publish(auth("FRESH"))
    codex.path.unlink()
    result = world.run("codex-p", "hello")
    assert (result.status, result.out, result.err) == (0, "hello\n", RECOVERED), result

    world.program("claude", "#!/bin/sh\nexec cat .claude/.credentials.json\n")
    world.write_login()
    written = world.login_path.read_text()
    codex.path.unlink()
    result = world.run("claude-p", "hello")
    assert (result.status, result.out, result.err) == (0, written, ""), result
    assert not codex.path.exists()


# -- a tool of a user's own --------------------------------------------------------------------

OWN = """
[tool]
product = The Lamp
program = lamp
login-command = lamp sign-in

[login]
folder = .config/lamp
file = session.json
parts = session
access = session.token
expiry = session.ends, s

[failures.text]
lapsed = lamp: your session [has ended|is over]
"""

LAMP = """#!/bin/sh
case $(cat "$HOME/.config/lamp/session.json") in
*OLD*) echo "lamp: your session has ended"; exit 3 ;;
esac
echo "on: $*"
"""


def write_lamp(world, token):
    path = world.home / ".config" / "lamp" / "session.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    session = {"token": token, "ends": int(time.time() + 900)}
    path.write_text(json.dumps({"theme": "dark", "session": session}))
    return path


def describe(world, text, name="lamp"):
    path = world.home / ".config" / "credrelay" / "tools" / f"{name}.ini"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_tool_of_ones_own(world):
    describe(world, OWN)
    world.program("lamp", LAMP)
    world.configure("[lamp]\ntool = lamp\n")
    path = write_lamp(world, "NEW")
    assert world.run("credrelay", "publish").status == 0
    write_lamp(world, "OLD")
    result = world.run("credrelay", "run", "-t", "lamp", "--", "lamp", "dim")
    assert (result.status, result.out, result.err) == (0, "on: dim\n", RECOVERED), result
    assert json.loads(path.read_text())["theme"] == "dark"
    assert json.loads(path.read_text())["session"]["token"] == "NEW"


def test_a_tool_without_a_section(world):
    """The defaults, in a relay of the tool's name."""
    describe(world, OWN)
    world.program("lamp", LAMP)
    write_lamp(world, "NEW")
    result = world.run("credrelay", "run", "--tool", "lamp", "--", "lamp")
    assert (result.status, result.out, result.err) == (0, "on: \n", ""), result


def test_ones_own_goes_before_the_shipped_one(codex):
    describe(codex.world, OWN, "codex")
    result = codex.world.run("credrelay", "pull")
    assert "log in: lamp sign-in" in result.err, result


def test_a_description_with_a_mistake_is_told(world):
    path = describe(world, OWN.replace("ends, s", "ends, days"))
    result = world.run("credrelay", "run", "-t", "lamp", "--", "true")
    assert (result.status, result.err) == (65, f"""\
credrelay: run: {path}:12: [login] expiry = session.ends, days is not valid
  expiry takes MEMBER, ms|s|rfc3339|jwt
"""), result


def test_what_cannot_be(world):
    path = world.home / ".config" / "credrelay" / "tools" / "nosuch.ini"
    result = world.run("credrelay", "run", "-t", "nosuch", "--", "true")
    assert (result.status, result.err) == (64, f"""\
credrelay: run: there is no tool called 'nosuch'
  describe it in {path}, see credrelay-tool(5)
"""), result
    result = world.run("credrelay", "run", "-t", "claude", "-r", "claude", "--", "true")
    assert (result.status, result.err) == (64, """\
credrelay: run: a relay has its tool already
  give --relay or --tool, not both
"""), result
