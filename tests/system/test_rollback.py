"""The store's history, and an earlier login put back: what is shown, what is refused, and that every
machine follows while none brings the abandoned login back."""
import hashlib
import json
import re
import shutil
import time

import pytest

from harness.person import Person
from harness.relay import (RENEWABLE, LocalStore, fingerprint, give_time, join, made_up, refresh_token, snapshot,
                           token)

DAY = 86400


def lasting(n, **more):
    """Login N for two days: what is said of it, "1 d 23 h", stays so for an hour."""
    return made_up(n, **{"expires_in": 2 * DAY, **more})


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


@pytest.fixture
def fleet(machines, store):
    """fleet(more=) -> desk and laptop, writers, and server, a reader.  Login 1 is desk's, login 2 was
    made on laptop after it, and everybody has login 2."""
    def make(more="", logins=(lasting(1), lasting(2))):
        desk, laptop, server = worlds = machines("desk", "laptop", "server")
        join(desk, store, more=more)
        join(laptop, store, more=more)
        join(server, store, "reader", more=more)
        for machine, login in zip((desk, laptop), logins):
            machine.write_login(login)
            for each in (machine, *worlds):
                assert each.run("credrelay", "sync").status == 0
        return worlds
    return make


def oauth(machine):
    return machine.read_login()["claudeAiOauth"]


def history(machine, *options):
    shown = machine.run("credrelay", "history", "--json", *options)
    assert (shown.status, shown.err) == (0, ""), shown
    return shown.json["versions"]


def roll_back(machine, version, *options):
    return machine.run("credrelay", "rollback", version, "--yes", *options)


def reject(machine, n):
    """A server has refused login N on MACHINE today."""
    path = machine.state / "claude.json"
    state = json.loads(path.read_text())
    full = hashlib.sha256(token(n).encode()).hexdigest()
    state["rejected"] = [{"login": full, "at": int(time.time() * 1000)}]
    path.write_text(json.dumps(state))


# -- the history -------------------------------------------------------------------------------


def test_history(fleet, store):
    desk, laptop, _ = fleet()
    arn = "arn:aws:iam::123456789012:user/claude-creds-writer"
    assert store.ask("put", value="{}", expect=2, machine=arn)["ok"]
    store.put('{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"scopes":[]}}')
    store.put(lasting(1))
    reject(laptop, 1)
    shown = laptop.run("credrelay", "history")
    assert (shown.status, shown.err) == (0, ""), shown
    when = r"  \d{4}-\d\d-\d\d \d\d:\d\d  "
    one, two = fingerprint(token(1)), fingerprint(token(2))
    expected = [
        r"version  when              by                    login",
        rf"      5{when}the-test              {one}  expires in 1 d 23 h; refused here; same as 1; desk renews it",
        rf"      4{when}the-test              -         blank",
        rf"      3{when}claude-creds-writer   -         none",
        rf"      2{when}laptop                {two}  expires in 1 d 23 h; here",
        rf"      1{when}desk                  {one}  expires in 1 d 23 h; refused here"]
    for got, pattern in zip(shown.out.splitlines(), expected, strict=True):
        assert re.fullmatch(pattern, got), got


def test_history_as_data(fleet, store):
    desk, laptop, server = fleet()
    newest, first = history(desk)
    assert (newest["version"], newest["by"], newest["here"], newest["holder"]) == (2, "laptop", True, "laptop")
    assert newest["login"]["fingerprint"] == fingerprint(token(2))
    assert (first["version"], first["here"], first["renewable_version"]) == (1, False, 1)
    assert token(1) not in json.dumps(history(desk)) and refresh_token(1) not in json.dumps(history(desk))
    # A reader sees no renewable value.
    assert [(v["version"], v["holder"]) for v in history(server)] == [(2, None), (1, None)]


def test_the_last_few(fleet, store):
    desk, _, _ = fleet()
    for n in range(3, 31):
        store.put(made_up(n))
    assert [v["version"] for v in history(desk)] == list(range(30, 10, -1))
    assert [v["version"] for v in history(desk, "-n", "3")] == [30, 29, 28]
    assert len(history(desk, "-n", "100")) == 30
    assert desk.run("credrelay", "history").err == (
        "credrelay: there are older ones: credrelay history -n 100\n")
    refused = desk.run("credrelay", "history", "-n", "101")
    assert (refused.status, refused.err) == (
        64, "credrelay: history: --lines: '101' is no number from 1 to 100\n")


def test_an_empty_history(world, store):
    join(world, store)
    shown = world.run("credrelay", "history")
    assert (shown.status, shown.out, shown.err) == (0, "the store has no login yet\n", "")


# -- putting back ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["laptop server", "server laptop"])
def test_everybody_follows(fleet, store, order):
    desk, laptop, server = fleet()
    said = roll_back(desk, 1)
    assert (said.status, said.err) == (0, ""), said
    assert said.out == (f"rolled back: version 1 is version 3 now (login {fingerprint(token(1))}, "
                        "expires in 1 d 23 h)\n")
    # Here at once, and this machine renews it.
    assert oauth(desk)["refreshToken"] == refresh_token(1)
    assert store.renewable() == ("desk", oauth(desk))
    for name in order.split() * 2:
        machine = {"laptop": laptop, "server": server}[name]
        assert machine.run("credrelay", "sync").status == 0
        assert machine.access_token() == token(1) and "refreshToken" not in oauth(machine)
    assert desk.run("credrelay", "sync").out.startswith("nothing to do: ")
    assert store.history() == [token(1), token(2), token(1)]
    assert store.history(RENEWABLE) == [token(1), token(2), token(1)]
    event = desk.events("rollback")[0]
    assert {k: event[k] for k in ("ok", "restored", "from", "to", "form", "version")} == {
        "ok": True, "restored": 1, "from": fingerprint(token(2)), "to": fingerprint(token(1)),
        "form": "full", "version": 3}


FORGOTTEN = {
    "its memory": lambda m: shutil.rmtree(m.state),
    "its memory, and it was given a backup": lambda m: (shutil.rmtree(m.state), m.write_login(lasting(2))),
    "its login": lambda m: m.login_path.unlink(),
    "nothing, and it was given a backup": lambda m: m.write_login(lasting(2)),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("lose", FORGOTTEN.values(), ids=FORGOTTEN)
def test_the_abandoned_login_does_not_come_back(fleet, store, lose, when):
    """Also from a writer that has forgotten, before it hears of the rollback or later."""
    desk, laptop, server = fleet()
    if when == "before":
        lose(laptop)
    assert roll_back(desk, 1).status == 0
    if when == "after":
        assert laptop.run("credrelay", "sync").status == 0
        lose(laptop)
    for machine in (laptop, server, desk, laptop):
        done = machine.run("credrelay", "watch", "--once")
        assert done.status == 0, done
        assert machine.access_token() == token(1)
    assert store.history() == [token(1), token(2), token(1)]


def test_a_copied_login_is_looked_up(machines, store):
    """Copied by hand to a writer that was last in step before it: never seen there, and the later one."""
    desk, attic = machines("desk", "attic")
    for machine in (desk, attic):
        join(machine, store)
    desk.write_login(made_up(1))
    assert desk.run("credrelay", "sync").status == attic.run("credrelay", "sync").status == 0
    desk.write_login(made_up(2, expires_in=9 * 3600))
    assert desk.run("credrelay", "sync").status == 0
    attic.write_login(made_up(2, expires_in=9 * 3600))
    assert roll_back(desk, 1).status == 0
    assert attic.run("credrelay", "sync").status == 0
    assert attic.access_token() == token(1)
    assert store.history() == [token(1), token(2), token(1)]


def test_what_the_abandoned_login_was_renewed_into_is_news(fleet, store):
    """Nobody can know that it was not meant: it is a new login, and wins."""
    desk, laptop, _ = fleet()
    planned = desk.run("credrelay", "rollback", "1", "--dry-run").out
    assert ("\nlaptop renews the present login: should it do so before it hears of this, that is a new "
            "login and wins.  Sync there: credrelay sync\n") in planned
    assert roll_back(desk, 1).status == 0
    laptop.write_login(lasting(3, expires_in=3 * DAY))
    assert laptop.run("credrelay", "sync").status == 0
    assert desk.run("credrelay", "sync").status == 0
    assert desk.access_token() == token(3) and store.renewable()[0] == "laptop"


def test_forth_again(fleet, store):
    desk, laptop, server = fleet()
    assert roll_back(desk, 1).status == 0
    assert laptop.run("credrelay", "sync").status == 0
    assert roll_back(laptop, 2).status == 0
    for machine in (desk, server, laptop):
        assert machine.run("credrelay", "sync").status == 0
        assert machine.access_token() == token(2)
    assert store.renewable()[0] == "laptop" and "refreshToken" in oauth(laptop)
    assert "refreshToken" not in oauth(desk)


def test_over_a_blank_value(fleet, store):
    """What must never be published was put by hand."""
    desk, laptop, _ = fleet()
    store.put('{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"scopes":[]}}')
    assert roll_back(desk, 1).status == 0
    assert laptop.run("credrelay", "sync").status == 0
    assert laptop.access_token() == token(1)
    assert store.history()[-1] == token(1)


def test_one_value_with_the_full_login(fleet, store):
    desk, laptop, server = fleet(more="share-refresh-token = yes\n")
    assert roll_back(desk, 1).status == 0
    for machine in (laptop, server, desk):
        assert machine.run("credrelay", "sync").status == 0
        assert oauth(machine)["refreshToken"] == refresh_token(1)
    assert store.history() == [token(1), token(2), token(1)]


# -- in which form -----------------------------------------------------------------------------

SPENT = "Its refresh token is spent: nobody can renew it, and a person must log in before it expires."
UNKNOWN = ("The store has no refresh token of it: nobody can renew it, and a person must log in before it "
           "expires.")


def went_back_bare(machine, store, said, why, form):
    assert (said.status, said.err) == (0, f"credrelay: warning: {why}\n"), said
    assert machine.access_token() == token(1) and "refreshToken" not in oauth(machine)
    holder, login = store.renewable()
    assert holder == "desk" and login["accessToken"] == token(1) and "refreshToken" not in login
    assert machine.events("rollback")[-1]["form"] == form
    assert machine.run("credrelay", "sync").out.startswith("nothing to do: ")


def test_a_spent_refresh_token_stays_where_it_is(fleet, store):
    """Login 2 has the deadline of login 1: it is what login 1 was renewed into."""
    deadline = made_up(1, deadline_in=20 * DAY)["claudeAiOauth"]["refreshTokenExpiresAt"]
    desk, _, _ = fleet(logins=(lasting(1, refreshTokenExpiresAt=deadline),
                               lasting(2, refreshTokenExpiresAt=deadline)))
    assert [v["renewed"] for v in history(desk)] == [False, True]
    went_back_bare(desk, store, roll_back(desk, 1), SPENT, "spent")
    assert [v["renewed"] for v in history(desk)] == [True, False, True]


def test_another_persons_login_has_another_deadline(fleet, store):
    desk, _, _ = fleet(logins=(made_up(1, deadline_in=20 * DAY), made_up(2, deadline_in=30 * DAY)))
    assert [v["renewed"] for v in history(desk)] == [False, False]
    said = roll_back(desk, 1)
    assert (said.status, said.err) == (0, ""), said
    assert "refreshToken" in oauth(desk)


def test_a_full_form_that_was_never_there(machines, store):
    desk, = machines("desk")
    join(desk, store)
    bare = made_up(1)
    del bare["claudeAiOauth"]["refreshToken"]
    store.put(bare)
    desk.write_login(made_up(2))
    assert desk.run("credrelay", "sync").status == 0
    went_back_bare(desk, store, roll_back(desk, 1), UNKNOWN, "unknown")


# -- what is refused ---------------------------------------------------------------------------

NO_VERSION = "the store has no version {} (any more)\n  see what it has: credrelay history\n"


def refused(result, status, message):
    assert (result.status, result.out) == (status, ""), result
    assert result.err == f"credrelay: rollback: {message}"


def test_refusals(fleet, store):
    desk, laptop, server = fleet(logins=(made_up(1, expires_in=-(2 * DAY + 3601)), lasting(2)))
    blank = store.put('{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"scopes":["a"]}}')
    store.put(lasting(3))
    for machine in (desk, laptop, server):
        machine.run("credrelay", "sync")
    reject(desk, 2)
    before = store.history(), store.history(RENEWABLE), snapshot(desk.home / ".claude")

    refused(roll_back(desk, 1), 65, "version 1 expired 2 d 1 h ago\n"
            "  choose another (credrelay history), or insist with --force\n")
    refused(roll_back(desk, 2), 65, "the server refused the login of version 2 on this machine\n"
            "  choose another: credrelay history\n")
    refused(roll_back(desk, 2, "--force"), 65, "the server refused the login of version 2 on this "
            "machine\n  choose another: credrelay history\n")
    for version in ("99", "5"):
        refused(roll_back(desk, version), 65, NO_VERSION.format(version))
    for version in ("0", "-1", "1.5", "newest"):
        refused(desk.run("credrelay", "rollback", "--yes", "--", version), 64,
                f"'{version}' is no version\n  see what the store has: credrelay history\n")
    refused(roll_back(server, 2), 77, "this machine is a reader: it never publishes\n"
            "  roll back on a writer\n")
    refused(roll_back(desk, blank, "--force"), 65, f"version {blank} holds a blank login: a refresh was refused\n"
            "  choose another: credrelay history\n")
    refused(laptop.run("credrelay", "rollback", "2"), 64, "this asks a person, and there is no terminal\n"
            "  see what it would do with --dry-run, then say --yes\n")
    assert (store.history(), store.history(RENEWABLE), snapshot(desk.home / ".claude")) == before

    same = roll_back(desk, 4)
    assert (same.status, same.err) == (0, "")
    assert same.out == (f"nothing to do: the store has that login (login {fingerprint(token(3))}, "
                        "expires in 1 d 23 h; version 4)\n")
    assert roll_back(desk, 1, "--force").status == 0
    assert store.history()[-1] == token(1)


def test_a_dry_run(fleet, store):
    desk, _, _ = fleet()
    before = snapshot(desk.home, store.path.parent)
    said = desk.run("credrelay", "rollback", "1", "--dry-run")
    assert (said.status, said.err) == (0, ""), said
    assert said.out == (
        f"would put back version 1 (login {fingerprint(token(1))}, expires in 1 d 23 h, by desk) "
        f"over version 2 (login {fingerprint(token(2))}, expires in 1 d 23 h).\n"
        "This machine will renew it.\n"
        "laptop renews the present login: should it do so before it hears of this, that is a new "
        "login and wins.  Sync there: credrelay sync\n")
    assert snapshot(desk.home, store.path.parent) == before
    as_data = desk.run("credrelay", "rollback", "1", "--dry-run", "--json").json
    assert as_data["dry_run"] and as_data["done"] and as_data["form"] == "full"
    assert (as_data["restored"], as_data["replaced"], as_data["version"]) == (1, 2, 2)
    assert as_data["to"]["fingerprint"] == fingerprint(token(1)) and not as_data["installed"]


# -- asking a person ---------------------------------------------------------------------------


@pytest.mark.parametrize("answer, status", [("y", 0), ("yes", 0), ("n", 64), ("", 64), ("yesterday", 64)])
def test_a_person_is_asked(fleet, store, answer, status):
    desk, _, _ = fleet()
    with Person(desk, "credrelay", "rollback", "1") as person:
        person.sees(r"Do it\? \[y/N\] ")
        assert store.history() == [token(1), token(2)]
        person.types(answer + "\n")
        assert person.ends() == status
        assert person.screen.startswith(
            f"Put back version 1 (login {fingerprint(token(1))}, expires in 1 d 23 h, by desk) over "
            f"version 2 (login {fingerprint(token(2))}, expires in 1 d 23 h).\n"
            "This machine will renew it.\n")
        assert ("rolled back: " in person.screen) == (status == 0)
        assert ("not done: nobody said yes\n" in person.screen) == (status != 0)
    assert store.history() == [token(1), token(2)] + [token(1)] * (status == 0)


def test_what_was_agreed_on_is_done_or_nothing(fleet, store):
    desk, laptop, _ = fleet()
    with Person(desk, "credrelay", "rollback", "1") as person:
        person.sees(r"Do it\? ")
        laptop.write_login(made_up(3, expires_in=9 * 3600))
        assert laptop.run("credrelay", "sync").status == 0
        person.types("y\n")
        assert person.ends() == 75
        assert "credrelay: rollback: the store has version 3 by now\n" in person.screen
    assert store.history() == [token(1), token(2), token(3)]
    assert desk.events("rollback")[-1]["error"] == "conflict"


# -- Parameter Store ---------------------------------------------------------------------------


@pytest.fixture
def aws_fleet(machines, parameter_store):
    desk, laptop, server = worlds = machines("desk", "laptop", "server")
    give_time(*worlds)
    profiles = parameter_store.profiles()
    for machine, role in ((desk, "writer"), (laptop, "writer"), (server, "reader")):
        wanted = profiles if role == "writer" else {
            "claude_creds_reader": profiles["claude_creds_reader"]}
        machine.write_aws_profiles(**wanted)
        machine.configure(f"[claude]\nrole = {role}\nstore = {parameter_store.url()}\n"
                          "reader-profile = claude-creds-reader\n" +
                          ("writer-profile = claude-creds-writer\n" if role == "writer" else ""))
    for machine, n in ((desk, 1), (laptop, 2)):
        machine.write_login(made_up(n))
        assert machine.run("credrelay", "publish").status == 0
    return worlds


def test_on_parameter_store(aws_fleet):
    desk, laptop, server = aws_fleet
    _, first = history(desk)[:2]
    assert first["login"]["fingerprint"] == fingerprint(token(1)) and first["renewable_version"]
    said = roll_back(desk, first["version"])
    assert (said.status, said.err) == (0, ""), said
    for machine in (laptop, server, desk):
        assert machine.run("credrelay", "sync").status == 0
        assert machine.access_token() == token(1)
    assert "refreshToken" in oauth(desk) and "refreshToken" not in oauth(laptop)
    # The policy of readers has no GetParameterHistory.
    said = server.run("credrelay", "history")
    assert (said.status, said.out) == (77, ""), said
    assert said.err == ("credrelay: history: this machine is a reader: its key may not read the store's "
                        "history\n  ask on a writer: credrelay history\n")
