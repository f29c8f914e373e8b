"""The store's two values: who gets a refresh token, and what becomes of a publication that was cut
short, overtaken or raced."""
import json
import time

import pytest

from harness.proxy_store import ProxyStore
from harness.relay import (RENEWABLE, SHARED, LocalStore, fingerprint, join, made_up, refresh_token, token)


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


@pytest.fixture
def fleet(machines, store):
    """fleet(name, ..., readers=, more=) -> Worlds that share the store."""
    def make(*names, readers=(), more=""):
        worlds = machines(*names)
        for name, machine in zip(names, worlds):
            join(machine, store, "reader" if name in readers else "writer", more)
        return worlds
    return make


def oauth(machine):
    return machine.read_login()["claudeAiOauth"]


def without_refresh(content):
    return {k: v for k, v in content["claudeAiOauth"].items() if k != "refreshToken"}


def did(result):
    assert result.status == 0, result
    return result.out.partition(":")[0]


def sync(machine):
    return did(machine.run("credrelay", "sync"))


# -- who gets a refresh token --------------------------------------------------------------------


def test_what_is_published(fleet, store):
    desk, = fleet("desk")
    content = made_up(1, unknown={"a": [1, 2.50, "x"]})
    desk.write_login(content)
    assert sync(desk) == "published it"
    assert store.shared() == without_refresh(content)
    assert store.renewable() == ("desk", content["claudeAiOauth"])


def test_the_shared_value_is_a_credentials_file_by_itself(fleet, store, api):
    """`aws ssm get-parameter ... > ~/.claude/.credentials.json` on a machine without credrelay."""
    desk, bare = fleet("desk", "bare")
    desk.write_login({"claudeAiOauth": api.login()})
    sync(desk)
    bare.install_client(api)
    bare.write_login(store.ask("get")["value"])
    assert bare.run("claude", "-p", "ok").out == "ok\n"


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_only_the_holder_gets_the_refresh_token(fleet, store, role):
    desk, other = fleet("desk", "other", readers=["other"] if role == "reader" else [])
    content = made_up(1)
    desk.write_login(content)
    sync(desk)
    assert sync(other) == "pulled it"
    assert oauth(other) == without_refresh(content)
    assert refresh_token(1) not in "".join(
        p.read_text(errors="replace") for p in other.home.rglob("*") if p.is_file())


@pytest.mark.parametrize("damage", [
    lambda m: m.login_path.unlink(),
    lambda m: m.write_login(""),
    lambda m: m.write_login('{"claudeAiOauth": {"acc'),
    lambda m: m.write_login({"claudeAiOauth": without_refresh(m.read_login())}),
], ids=["removed", "empty", "torn", "refresh token lost"])
def test_the_holder_gets_its_refresh_token_back(fleet, damage):
    desk, = fleet("desk")
    content = made_up(1)
    desk.write_login(content)
    sync(desk)
    damage(desk)
    assert sync(desk) == "pulled it"
    assert oauth(desk) == content["claudeAiOauth"]


def test_a_copied_login_loses_its_refresh_token(fleet):
    """Somebody copied the file by hand: two machines that rotate would end the login."""
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    content = made_up(1)
    for machine in (desk, laptop, server):
        machine.write_login(content)
    sync(desk)
    for machine in (laptop, server):
        assert did(machine.run("credrelay", "pull")) == "pulled it"
        assert oauth(machine) == without_refresh(content)
    assert oauth(desk) == content["claudeAiOauth"]


def test_a_login_on_another_writer_makes_that_the_holder(fleet, store):
    desk, laptop = fleet("desk", "laptop")
    desk.write_login(made_up(1))
    sync(desk)
    sync(laptop)
    laptop.write_login(made_up(2))
    sync(laptop)
    assert store.renewable()[0] == "laptop"
    assert sync(desk) == "pulled it"
    assert "refreshToken" not in oauth(desk)


# -- a renewal that was refused ------------------------------------------------------------------


@pytest.mark.parametrize("plain", [False, True], ids=["two values", "one value"])
@pytest.mark.parametrize("command", ["pull", "sync"])
def test_a_refused_renewal_is_healed_without_what_was_refused(fleet, store, api, plain, command):
    desk, = fleet("desk", more="share-refresh-token = yes\n" if plain else "")
    desk.install_client(api, retry_pause=0.01)
    desk.human_login(api)
    sync(desk)
    # Its clock is ahead: it renews a login that has hours left, and is refused.
    login = desk.read_login()
    published = login["claudeAiOauth"]["accessToken"]
    login["claudeAiOauth"]["expiresAt"] = int(time.time() * 1000) + 1000
    desk.write_login(login)
    api.set(refuse_refreshes=True)
    assert desk.run("claude", "-p", "ok").status == 1
    assert oauth(desk)["accessToken"] == ""
    assert desk.run("credrelay", "publish").status == 65
    before = store.history(), store.history(RENEWABLE)
    assert did(desk.run("credrelay", command)) == "pulled it"
    assert oauth(desk)["accessToken"] == published
    assert "refreshToken" not in oauth(desk)
    assert (store.history(), store.history(RENEWABLE)) == before
    for _ in range(2):  # and it stays so
        assert did(desk.run("credrelay", command)) == "nothing to do"
        assert desk.run("claude", "-p", "ok").out == "ok\n"
    assert "refreshToken" not in oauth(desk)
    desk.human_login(api)
    assert sync(desk) == "published it"
    desk.login_path.unlink()
    sync(desk)
    assert "refreshToken" in oauth(desk)


def test_a_renewal_is_published(fleet, store, api):
    desk, server = fleet("desk", "server", readers=["server"], more="writers = desk\n")
    desk.install_client(api)
    server.install_client(api)
    desk.human_login(api, lifetime=60)
    sync(desk)
    sync(server)
    api.set(refresh_revokes=True)
    assert desk.run("claude", "-p", "ok").out == "ok\n"
    assert sync(desk) == "published it"
    assert sync(server) == "pulled it"
    assert server.run("claude", "-p", "ok").out == "ok\n"
    assert api.counts()["refreshes"] == 1
    assert len(store.history()) == 2


# -- cut short -----------------------------------------------------------------------------------

CUTS = {  # what the store does at the second publication, what desk's sync says, who goes on
    "died before the first put": ("if now('put renewable 1'): os.kill(os.getppid(), 9); sys.exit(1)", 1),
    "died after the first put": (
        "if now('put renewable 1'): ask(); os.kill(os.getppid(), 9); sys.exit(1)", 2),
    "died before the second put": ("if now('put 1'): os.kill(os.getppid(), 9); sys.exit(1)", 2),
    "died after the second put": ("if now('put 1'): ask(); os.kill(os.getppid(), 9); sys.exit(1)", 2),
    "first put refused": ("if now('put renewable 1'): sys.exit(1)", 1),
    "first put done, unheard": ("if now('put renewable 1'): ask(); sys.exit(1)", 2),
    "second put refused": ("if now('put 1'): sys.exit(1)", 2),
    "second put done, unheard": ("if now('put 1'): ask(); sys.exit(1)", 2),
}


@pytest.mark.parametrize("behaviour,others_get", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("first", ["desk", "laptop"])
def test_a_publication_cut_short(fleet, store, behaviour, others_get, first):
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    proxy = ProxyStore(desk, database=store.path)
    join(desk, proxy)
    desk.write_login(made_up(1))
    for machine in (desk, laptop, server):
        sync(machine)
    proxy.behave(behaviour)
    desk.write_login(made_up(2))
    assert desk.run("credrelay", "sync").status in (-9, 69)
    assert oauth(desk) == made_up(2)["claudeAiOauth"] | {"expiresAt": oauth(desk)["expiresAt"]}
    if first == "laptop":  # any writer finishes what can be finished
        sync(laptop)
        assert laptop.access_token() == token(others_get)
        sync(server)
        assert server.access_token() == token(others_get)
    sync(desk)
    for machine in (laptop, server, desk):
        assert machine.run("credrelay", "sync").status == 0
        assert machine.access_token() == token(2)
    assert store.shared()["accessToken"] == token(2)
    assert store.renewable() == ("desk", oauth(desk))
    assert [oauth(m).get("refreshToken") for m in (desk, laptop, server)] == [refresh_token(2), None, None]
    for machine in (desk, laptop, server):
        assert sync(machine) == "nothing to do"


@pytest.mark.parametrize("option,verb", [("-n", "would finish a publication"), ("-v", "finished a publication")])
def test_what_is_said_of_a_finished_publication(fleet, store, option, verb):
    desk, = fleet("desk")
    content = made_up(2)
    desk.write_login(content)
    store.path.parent.mkdir(mode=0o700)
    store.put({"holder": "desk", "login": content}, RENEWABLE)
    said = desk.run("credrelay", "publish", option).out
    assert said.startswith(f"{verb}: a publication was cut short (login {fingerprint(token(2))}, "), said


def test_pull_does_not_wait_for_a_half_publication(fleet, store):
    """Pull puts nothing into the store; it takes what is whole."""
    desk, laptop = fleet("desk", "laptop")
    desk.write_login(made_up(1))
    sync(desk)
    store.put({"holder": "desk", "login": made_up(2)}, RENEWABLE)
    assert did(laptop.run("credrelay", "pull")) == "pulled it"
    assert laptop.access_token() == token(1)
    assert store.history() == [token(1)]
    assert sync(laptop) == "pulled it"
    assert laptop.access_token() == token(2)


# -- overtaken -----------------------------------------------------------------------------------

OVERTAKE = """
if now('put{which} 1'):
    other = json.load(open({path!r}))
    value = other if not renewable else {{"holder": "laptop", "login": other}}
    assert ask(value=json.dumps(value))["ok"]
"""


@pytest.mark.parametrize("which", ["", " renewable"], ids=["shared", "renewable"])
@pytest.mark.parametrize("hours,winner", [(9, 3), (7, 2)], ids=["theirs is later", "ours is later"])
def test_a_conflict_is_decided_again(fleet, store, tmp_path, which, hours, winner):
    """Another writer puts its login between our look and our put."""
    desk, = fleet("desk")
    proxy = ProxyStore(desk, database=store.path)
    join(desk, proxy)
    desk.write_login(made_up(1))
    sync(desk)
    theirs = tmp_path / "theirs.json"
    content = made_up(3, expires_in=hours * 3600, refresh="" if not which else refresh_token(3))
    theirs.write_text(json.dumps(content))
    proxy.behave(OVERTAKE.format(which=which, path=str(theirs)))
    desk.write_login(made_up(2))
    assert desk.run("credrelay", "sync").status == 0
    assert desk.access_token() == store.shared()["accessToken"] == token(winner)
    assert proxy.calls().count("put") + proxy.calls().count("put renewable") > 1
    if winner == 2:
        assert store.renewable() == ("desk", oauth(desk))


def test_a_store_that_always_conflicts_is_given_up(world):
    proxy = ProxyStore(world, "if op == 'put': tell({'ok': False, 'error': 'conflict', 'message': 'no'});"
                              " sys.exit(0)")
    join(world, proxy)
    world.write_login(made_up(1))
    result = world.run("credrelay", "publish")
    assert (result.status, result.out, result.err) == (
        75, "", "credrelay: publish: claude: others keep changing the login\n  try again in a moment\n")
    assert proxy.calls().count("put renewable") == 12


# -- raced: a store without compare-and-swap, as Parameter Store ---------------------------------

SSM = "if op == 'put': tell(put_as_ssm()); sys.exit(0)"


@pytest.mark.parametrize("plain", [False, True], ids=["two values", "one value"])
@pytest.mark.parametrize("round", range(4))
def test_two_writers_race(fleet, store, plain, round):
    """The later login ends up newest, with its refresh token where it belongs, whatever the order."""
    more = "share-refresh-token = yes\n" if plain else ""
    desk, laptop = fleet("desk", "laptop")
    for machine in (desk, laptop):
        join(machine, ProxyStore(machine, SSM, store.path), more=more)
    desk.write_login(made_up(1))
    sync(desk)
    sync(laptop)
    # Sleeps that differ by round put each one's calls between the other's.
    pauses = [(0.03, 0), (0, 0.03), (0.06, 0.02), (0.02, 0.02)][round]
    for machine, pause in zip((desk, laptop), pauses):
        ProxyStore(machine, f"if op == 'put': time.sleep({pause})\n{SSM}", store.path)
    desk.write_login(made_up(2, expires_in=6 * 3600, deadline_in=30 * 86400))
    laptop.write_login(made_up(3, expires_in=5 * 3600, deadline_in=30 * 86400 + 60))
    racers = [machine.start("credrelay", "sync") for machine in (desk, laptop)]
    assert [r.communicate(timeout=60) and r.returncode for r in racers] == [0, 0]
    for _ in range(2):
        for machine in (laptop, desk):
            assert machine.run("credrelay", "sync").status == 0
    assert store.shared()["accessToken"] == token(3)
    assert {m.access_token() for m in (desk, laptop)} == {token(3)}
    if plain:
        assert store.shared()["refreshToken"] == refresh_token(3)
    else:
        # What came too late may lie on top of the renewable value; what counts is the same for all.
        assert {m.run("credrelay", "sync", "--json").json["holder"] for m in (desk, laptop)} == {"laptop"}
        assert oauth(laptop)["refreshToken"] == refresh_token(3)
        assert "refreshToken" not in oauth(desk)
        full = laptop.read_login()
        bare = json.loads(json.dumps(full))
        del bare["claudeAiOauth"]["refreshToken"]
        laptop.write_login(bare)
        sync(laptop)
        assert laptop.read_login() == full
    assert sync(desk) == sync(laptop) == "nothing to do"


RACED_AND_KILLED = """
if now({when!r}):
    for where, value in {puts!r}:
        expect = ask(op="get", path=where).get("version", 0)
        assert ask(op="put", path=where, value=value, expect=expect)["ok"]
if now('put 1'):
    put_as_ssm()
    os.kill(os.getppid(), signal.SIGKILL)
    sys.exit()
if op == 'put': tell(put_as_ssm()); sys.exit(0)
"""


@pytest.mark.parametrize("when", ["put renewable 1", "put 1", "one value"])
@pytest.mark.parametrize("hours, winner", [(9, 3), (7, 2)], ids=["theirs is later", "ours is later"])
def test_a_racer_that_is_killed_before_it_can_settle(fleet, store, when, hours, winner):
    """Its put has covered another's, and it is gone before it hears so; the next sync settles that."""
    plain = when == "one value"
    more = "share-refresh-token = yes\n" if plain else ""
    desk, = fleet("desk")
    proxy = ProxyStore(desk, SSM, store.path)
    join(desk, proxy, more=more)
    desk.write_login(made_up(1))
    sync(desk)
    theirs = made_up(3, expires_in=hours * 3600)
    puts = [(RENEWABLE, json.dumps({"holder": "laptop", "login": theirs})),
            (SHARED, json.dumps({"claudeAiOauth": without_refresh(theirs)}))]
    proxy.behave(RACED_AND_KILLED.format(when="put 1" if plain else when,
                                         puts=[(SHARED, json.dumps(theirs))] if plain else puts))
    desk.write_login(made_up(2))
    assert desk.run("credrelay", "sync").status == -9
    assert store.history() == [token(1), token(3), token(2)]
    assert desk.run("credrelay", "sync").status == 0
    assert store.shared()["accessToken"] == desk.access_token() == token(winner)
    if plain:
        assert store.shared()["refreshToken"] == refresh_token(winner)
    else:
        told = desk.run("credrelay", "sync", "--json").json
        assert told["holder"] == ("laptop" if winner == 3 else "desk")
        assert ("refreshToken" in oauth(desk)) == (winner == 2)
    assert sync(desk) == "nothing to do"


# -- one value -----------------------------------------------------------------------------------


def test_share_refresh_token(fleet, store):
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"],
                                 more="share-refresh-token = yes\n")
    content = made_up(1)
    desk.write_login(content)
    sync(desk)
    assert store.shared() == content["claudeAiOauth"]
    assert store.renewable() == (None, None)
    for machine in (laptop, server):
        assert sync(machine) == "pulled it"
        assert oauth(machine) == content["claudeAiOauth"]
        assert sync(machine) == "nothing to do"
    desk.login_path.unlink()
    sync(desk)
    assert oauth(desk) == content["claudeAiOauth"]


def test_a_full_login_of_an_older_set_up_is_separated(fleet, store):
    """A value that a script put there, refresh token and all."""
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    content = made_up(1)
    store.path.parent.mkdir(mode=0o700)
    store.put(content)
    assert sync(server) == "pulled it"
    assert oauth(server) == without_refresh(content)
    assert store.shared() == content["claudeAiOauth"]  # a reader puts nothing
    assert sync(server) == "nothing to do"
    desk.write_login(content)
    assert sync(desk) == "published it"
    assert store.shared() == without_refresh(content)
    assert store.renewable() == ("desk", content["claudeAiOauth"])
    assert oauth(desk) == content["claudeAiOauth"]
    sync(laptop)
    assert oauth(laptop) == without_refresh(content)


def test_a_full_login_in_the_store_alone_is_not_lost(fleet, store):
    """No writer has the file any more: the refresh token in the shared value is the only one."""
    desk, = fleet("desk")
    content = made_up(1)
    store.path.parent.mkdir(mode=0o700)
    store.put(content)
    for _ in range(3):
        assert desk.run("credrelay", "sync").status == 0
    tokens = [oauth(desk).get("refreshToken"), (store.renewable()[1] or {}).get("refreshToken"),
              store.shared().get("refreshToken")]
    assert refresh_token(1) in tokens
