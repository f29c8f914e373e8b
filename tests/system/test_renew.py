"""Renewing by hand, and in turn: who may, what is done, what is said, and what is left when it goes
wrong.  The client is the stand-in, which spends single-use refresh tokens."""
import json
import re
import subprocess
import time

import pytest

from harness.proxy_store import ProxyStore
from harness.relay import RENEWABLE, LocalStore, fingerprint, join, wait_for

HOUR = 3600
AWAY = ["attic", "cellar"]


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "shared" / "store.db")


@pytest.fixture
def fleet(machines, store, api):
    """fleet(name, ..., readers=, away=, more=) -> Worlds that share the store, each with the client.  Of the
    writers those AWAY are in line before the last: it takes so much longer until that one's turn."""
    def make(*names, readers=(), away=(), more=None):
        *first, last = [n for n in names if n not in readers]
        writers = ", ".join([*first, *away, last])
        worlds = machines(*names)
        for name, machine in zip(names, worlds):
            join(machine, store, "reader" if name in readers else "writer",
                 f"writers = {writers}\n" if more is None else more)
            machine.install_client(api, retry_pause=0.01)
        return worlds
    return make


def oauth(machine):
    return machine.read_login()["claudeAiOauth"]


def has_refresh_token(*machines):
    return [m.env["CREDRELAY_MACHINE"] for m in machines if oauth(m).get("refreshToken")]


def sync(*machines):
    for machine in machines:
        result = machine.run("credrelay", "sync")
        assert result.status == 0, result


def renew(machine, *options):
    return machine.run("credrelay", "renew", *options)


def published(store, api, holder, *others, lifetime):
    """A login by a person on HOLDER, everybody in step; it lasts LIFETIME seconds."""
    holder.human_login(api, lifetime=lifetime)
    sync(holder, *others)


def claimed(store):
    """(holder, is it renewing) of the renewable value."""
    value = json.loads(store.ask("get", RENEWABLE)["value"])
    return value["holder"], value.get("renewing", False)


def said(what, version):
    return what + rf" \(login [0-9a-f]{{8}}, expires in [^;]+; local:\S+ version {version}\)\n"


# -- whose turn it is ----------------------------------------------------------------------------


def test_it_is_not_due(fleet, store, api):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=8 * HOUR)
    before = oauth(desk), oauth(laptop), store.history(), store.history(RENEWABLE)
    result = renew(desk)
    assert result.status == 0, result
    assert re.fullmatch(said("nothing to do: this machine renews it in 7 h 5[0-5] min", 1), result.out), result
    result = renew(laptop)
    assert result.status == 0, result
    assert re.fullmatch(said("nothing to do: desk renews it; if it has not, this machine takes over in "
                             "7 h 5[0-8] min", 1), result.out), result
    assert (oauth(desk), oauth(laptop), store.history(), store.history(RENEWABLE)) == before
    assert api.counts()["refreshes"] == 0
    assert not desk.client_runs() and not desk.events("renew")


def test_the_holder_renews(fleet, store, api):
    desk, laptop, server = fleet("desk", "laptop", "server", readers=["server"])
    published(store, api, desk, laptop, server, lifetime=200)
    assert has_refresh_token(desk, laptop, server) == []  # it is near its end: laid down
    old = desk.access_token()
    result = renew(desk)
    assert result.status == 0, result
    assert re.fullmatch(said("renewed it", 2), result.out), result
    sync(laptop, server)
    assert {m.access_token() for m in (desk, laptop, server)} == {store.shared()["accessToken"]}
    assert desk.access_token() != old
    assert has_refresh_token(desk, laptop, server) == ["desk"]
    assert claimed(store) == ("desk", False)
    assert store.renewable() == ("desk", oauth(desk))
    assert api.counts()["refreshes"] == 1 and api.counts()["refused"] == 0
    assert desk.client_runs()[0]["argv"] == ["-p", "ok"]
    event, = desk.events("renew")
    assert event["ok"] and event["did"] == "renewed" and not event["took_over"]
    assert (event["before"], event["local"]) == (fingerprint(old), fingerprint(desk.access_token()))
    assert re.fullmatch(r"nothing to do: this machine renews it in .*\n", renew(desk).out)


def test_the_next_in_line_takes_over(fleet, store, api):
    desk, laptop, tower = fleet("desk", "laptop", "tower", away=AWAY)
    published(store, api, desk, laptop, tower, lifetime=115)
    result = renew(tower)  # its turn is a minute and a half later
    assert "desk renews it; if it has not, this machine takes over in" in result.out, result
    result = renew(laptop)
    assert re.fullmatch(said("took it over from desk and renewed it", 2), result.out), result
    sync(desk, tower)
    assert has_refresh_token(desk, laptop, tower) == ["laptop"]
    assert claimed(store) == ("laptop", False)
    assert api.counts() | {"requests": 0} == {"requests": 0, "unauthorized": 0, "refreshes": 1, "refused": 0}
    assert "takes over in" in renew(desk).out  # the last of the ring now
    assert laptop.events("renew")[0]["took_over"]


@pytest.mark.parametrize("more", ["", "writers = other, another\n"], ids=["by name", "not named"])
def test_the_line(fleet, store, api, more):
    desk, laptop = fleet("desk", "laptop", more=more)
    published(store, api, desk, laptop, lifetime=60)
    result = renew(laptop)
    if more:
        assert result.out.startswith("nothing to do: desk renews it (login "), result
        assert renew(desk).out.startswith("renewed it")
    else:
        assert result.out.startswith("took it over from desk and renewed it"), result


def test_a_reader_does_not(fleet, store, api):
    desk, server = fleet("desk", "server", readers=["server"])
    published(store, api, desk, server, lifetime=60)
    result = renew(server, "--now")
    assert (result.status, result.err) == (
        77, "credrelay: renew: this machine is a reader: writers renew\n"
            "  renew on a writer: credrelay renew\n")


# -- at once -------------------------------------------------------------------------------------


def test_now_on_the_holder(fleet, store, api):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=6 * HOUR)
    result = renew(desk, "--now", "--dry-run")
    assert result.out.startswith("would renew it (login "), result
    assert api.counts()["refreshes"] == 0
    result = renew(desk, "--now")
    assert re.fullmatch(r"renewed it \(login [0-9a-f]{8}, expires in 7 h 5\d min; .* version 2\)\n",
                        result.out), result
    assert api.counts()["refreshes"] == 1
    assert has_refresh_token(desk, laptop) == ["desk"]
    assert oauth(desk)["expiresAt"] > (time.time() + 7 * HOUR) * 1000


def test_now_on_another_writer(fleet, store, api):
    """The holder may have its refresh token on disk and spend it: only a person knows better."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=6 * HOUR)
    result = renew(laptop, "--now")
    assert (result.status, result.err) == (
        77, "credrelay: renew: desk holds this login, and may have its refresh token on disk\n"
            "  on that machine: credrelay renew --now; if it is lost: credrelay renew --force\n")
    assert api.counts()["refreshes"] == 0
    result = renew(laptop, "--force", "--json")
    assert result.json["did"] == "renewed" and result.json["took_over"], result
    sync(desk)
    assert has_refresh_token(desk, laptop) == ["laptop"]


def test_now_near_the_end_is_a_turn_out_of_order(fleet, store, api):
    desk, laptop, tower = fleet("desk", "laptop", "tower", away=AWAY)
    published(store, api, desk, laptop, tower, lifetime=200)
    assert renew(tower, "--now").status == 77  # desk's clock may differ: it may have time
    published(store, api, desk, laptop, tower, lifetime=115)
    assert "takes over in" in renew(tower).out
    assert renew(tower, "--now").out.startswith("took it over from desk and renewed it"), tower
    sync(desk, laptop)
    assert has_refresh_token(desk, laptop, tower) == ["tower"]


# -- what goes wrong -----------------------------------------------------------------------------


def test_a_refused_renewal(fleet, store, api):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    login = store.shared()
    api.set(refuse_refreshes=True)
    result = renew(desk)
    assert (result.status, result.err) == (
        78, "credrelay: renew: the renewal was refused\n  log in: claude /login\n")
    assert oauth(desk)["accessToken"] == login["accessToken"]  # it works until it expires
    assert "refreshToken" not in oauth(desk)
    assert store.history() == [login["accessToken"]]
    assert desk.run("claude-p", "ok").out == "ok\n"
    event, = desk.events("renew")
    assert not event["ok"] and event["did"] == "refused"
    # Nobody sends it again, here or elsewhere.
    assert renew(desk).err.startswith("credrelay: renew: the renewal of this login was refused\n")
    result = renew(laptop)
    assert (result.status, result.err) == (
        75, "credrelay: renew: desk renews this login now\n"
            "  if that machine is lost: credrelay renew --force\n")
    assert api.counts()["refused"] == 1
    api.set(refuse_refreshes=False)
    laptop.human_login(api)
    sync(laptop, desk)
    assert has_refresh_token(desk, laptop) == ["laptop"]
    assert desk.access_token() == laptop.access_token()


@pytest.mark.parametrize("client,why", [
    ("exit 3", "`claude -p ok` ended with status 3"),
    ("kill -9 $$", "`claude -p ok` ended with signal 9"),
    ("exit 0", "`claude -p ok` ended with status 0"),
])
def test_a_client_that_does_not_renew(fleet, store, api, client, why):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    desk.program("claude", f"#!/bin/sh\n{client}\n")
    result = renew(desk)
    assert (result.status, result.err) == (
        69, f"credrelay: renew: {why} and left the login as it was\n  run it by hand to see why\n")
    assert has_refresh_token(desk, laptop) == []
    assert claimed(store) == ("desk", False)
    assert renew(laptop).out.startswith("took it over from desk and renewed it")


def test_no_client(fleet, store, api):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    (desk.bin / "claude").unlink()
    result = renew(desk)
    assert (result.status, result.err) == (
        65, "credrelay: renew: claude: command not found\n"
            "  the command that renews must be on the PATH of whoever renews, or be a path\n")
    assert claimed(store) == ("desk", False)


def test_a_renewal_cut_short_is_gone_on_with(fleet, store, api):
    """The process dies while its client refreshes; the client saves the new login all the same."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    old = desk.access_token()
    # A client that lives on by itself, and refreshes when it is told to.
    desk.program("slow", f"#!/bin/sh\necho $PPID >$HOME/renewer\n"
                         f"while [ ! -e $HOME/go ]; do sleep 0.05; done\nexec {desk.bin}/claude -p ok\n")
    desk.program("detached", "#!/bin/sh\nexport P=$PPID\nsetsid slow </dev/null >/dev/null 2>&1 &\nwait\n")
    process = desk.start("credrelay", "renew", env={"CREDRELAY_RENEW": "detached"})
    wait_for(lambda: (desk.home / "renewer").exists())
    process.kill()
    process.communicate(timeout=30)
    assert claimed(store) == ("desk", True)
    assert "desk renews this login now" in renew(laptop).err
    sync(desk)  # the claim stands, and with it the refresh token
    assert has_refresh_token(desk, laptop) == ["desk"]
    (desk.home / "go").touch()
    wait_for(lambda: desk.access_token() != old)
    sync(desk, laptop)
    assert store.renewable() == ("desk", oauth(desk))
    assert laptop.access_token() == desk.access_token()
    assert api.counts()["refreshes"] == 1 and len(store.history()) == 2


def test_a_claim_that_was_cut_short_is_taken_up(fleet, store, api):
    """The process died between the put and its memory: nothing was sent, and the store says it is at it."""
    desk, laptop = fleet("desk", "laptop", more="writers = desk, laptop\n")
    published(store, api, desk, laptop, lifetime=100)
    value = json.loads(store.ask("get", RENEWABLE)["value"])
    store.put({"holder": "desk", "renewing": True, "login": value["login"]}, RENEWABLE)
    assert renew(laptop).status == 75
    # It waits for as long as a put of its own may have been on its way.
    renewed = desk.run("credrelay", "renew", env={"CREDRELAY_TIMEOUT": "8s"})
    assert renewed.out.startswith("renewed it"), renewed
    sync(laptop)
    assert laptop.access_token() == desk.access_token()


def test_a_person_logs_in_meanwhile(fleet, store, api):
    """Elsewhere, while the client is at it: the person's login is the later one and stays."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    desk.program("slow", f"#!/bin/sh\ntouch $HOME/begun\n"
                         f"while [ ! -e $HOME/go ]; do sleep 0.05; done\nexec {desk.bin}/claude -p ok\n")
    process = desk.start("credrelay", "renew", "--json", env={"CREDRELAY_RENEW": "slow"})
    wait_for(lambda: (desk.home / "begun").exists())
    laptop.human_login(api, deadline_in=40 * 24 * HOUR)
    sync(laptop)
    (desk.home / "go").touch()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b""), out
    assert json.loads(out)["did"] == "overtaken"
    assert desk.access_token() == laptop.access_token() == store.shared()["accessToken"]
    event, = desk.events("renew")
    assert (event["did"], event["error"]) == ("overtaken", "conflict")
    assert event["message"].startswith("what the client renewed was not published: "), event


def test_the_store_cannot_be_reached(fleet, store, api):
    """What the store has as well is not spent unasked, and leaves the disk."""
    desk, laptop = fleet("desk", "laptop")
    proxy = ProxyStore(desk, database=store.path)
    join(desk, proxy)
    published(store, api, desk, laptop, lifetime=8 * HOUR)
    content = desk.read_login()
    content["claudeAiOauth"]["expiresAt"] = int((time.time() + 200) * 1000)
    desk.write_login(content)
    proxy.behave("sys.exit(1)")
    assert renew(desk).status == 69
    assert "refreshToken" not in oauth(desk)
    assert api.counts()["refreshes"] == 0


def test_the_only_writer_renews_without_the_store(fleet, store, api):
    desk, = fleet("desk")
    published(store, api, desk, lifetime=100)
    assert has_refresh_token(desk) == ["desk"]  # nobody else could spend it
    result = renew(desk, "--json")
    assert result.json["did"] == "renewed", result
    desk.env["CREDRELAY_STORE"] = "local:/dev/null/nowhere"
    login = desk.read_login()
    login["claudeAiOauth"]["expiresAt"] = int((time.time() + 200) * 1000)
    desk.write_login(login)
    result = renew(desk, "--json")
    assert result.json["did"] == "unpublished" and result.status != 0, result
    del desk.env["CREDRELAY_STORE"]
    sync(desk)
    assert store.renewable() == ("desk", oauth(desk))
    assert api.counts()["refreshes"] == 2


def test_the_old_holder_comes_back(fleet, store, api):
    """It slept with the refresh token on its disk while another took over: its next run must not
    send it."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=8 * HOUR)
    asleep = desk.read_login()
    assert asleep["claudeAiOauth"]["refreshToken"]
    renewed = renew(laptop, "--force")  # as after its turn had come
    assert renewed.status == 0, renewed
    api.set(reuse_kills=True)
    asleep["claudeAiOauth"]["expiresAt"] = int((time.time() - 10) * 1000)
    desk.write_login(asleep)
    result = desk.run("claude-p", "ok")
    assert result.out == "ok\n", result
    assert api.counts()["refused"] == 0
    assert desk.access_token() == laptop.access_token()
    assert has_refresh_token(desk, laptop) == ["laptop"]


# -- beside a run --------------------------------------------------------------------------------


def test_a_run_near_the_end(fleet, store, api):
    """No watcher has laid the refresh token down: the run starts without it, and the login is renewed
    beside it."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=8 * HOUR)
    content, old = desk.read_login(), desk.access_token()
    content["claudeAiOauth"]["expiresAt"] = int((time.time() + 200) * 1000)
    desk.write_login(content)
    result = desk.run("claude-p", "report")
    assert (result.status, result.err) == (0, ""), result
    wait_for(lambda: desk.access_token() != old)
    wait_for(lambda: desk.events("renew"))
    assert store.renewable()[1] == oauth(desk)
    assert api.counts()["refreshes"] == 1 and api.counts()["refused"] == 0
    assert sorted(run["argv"] for run in desk.client_runs()) == [["-p", "ok"], ["-p", "report"]]
    assert has_refresh_token(desk, laptop) == ["desk"]


def test_a_run_after_the_end(fleet, store, api):
    """Nobody has renewed it, and the run waits for that."""
    desk, laptop = fleet("desk", "laptop", more="writers = desk, laptop\npreflight = 20s\n")
    published(store, api, desk, laptop, lifetime=2)
    old = desk.access_token()
    wait_for(lambda: old not in api.live())
    result = desk.run("claude-p", "ok")
    assert result.out == "ok\n", result
    wait_for(lambda: desk.events("renew"))
    assert store.renewable()[1] == oauth(desk)
    assert api.counts()["refreshes"] == 1 and api.counts()["unauthorized"] == 0
    assert laptop.run("claude-p", "ok").out == "ok\n"
    assert api.counts()["refreshes"] == 1


def test_a_run_that_was_refused_near_the_end(fleet, store, api):
    """The server's clock is ahead: what has some seconds left here is over there.  The run has it
    renewed, and is repeated."""
    desk, laptop = fleet("desk", "laptop", more="writers = desk, laptop\nrecover-wait = 60s\n")
    published(store, api, desk, laptop, lifetime=90)
    api.revoke(desk.access_token())
    result = laptop.run("claude-p", "ok")  # its turn has come
    assert (result.status, result.out) == (0, "ok\n"), result
    assert api.counts()["refreshes"] == 1 and api.counts()["refused"] == 0
    assert desk.run("claude-p", "ok").out == "ok\n"
    assert api.counts()["refreshes"] == 1
    wait_for(lambda: laptop.events("renew"))
    assert has_refresh_token(desk, laptop) == ["laptop"]


def test_a_run_that_was_refused_while_another_renews(fleet, store, api):
    """What the run waits for comes from the store, and is taken when it is there."""
    desk, laptop = fleet("desk", "laptop", more="writers = desk, laptop\nrecover-wait = 50s\ntimeout = 30s\n")
    published(store, api, desk, laptop, lifetime=110)
    api.revoke(desk.access_token())
    (laptop.bin / "claude").rename(laptop.bin / "client")
    laptop.program("claude", f"#!/bin/sh\ntouch {laptop.home}/begun\n"
                             f"while [ ! -e {laptop.home}/go ]; do sleep 0.05; done\nexec {laptop.bin}/client \"$@\"\n")
    renewal = laptop.start("credrelay", "renew")
    wait_for((laptop.home / "begun").exists)
    looks = len(desk.events("sync"))
    run = desk.start("claude-p", "ok", stdout=subprocess.PIPE)
    wait_for(lambda: len(desk.events("sync")) > looks)
    (laptop.home / "go").touch()
    assert renewal.wait(60) == 0
    began = time.monotonic()
    assert run.communicate(timeout=60)[0] == b"ok\n"
    assert time.monotonic() - began < 40  # not when it would have given up
    assert [e["why"] for e in desk.events("sync")[looks:]] == ["nothing_works", "local_rejected"]


def test_a_run_near_the_end_without_the_store(fleet, store, api):
    """Another writer may be renewing it: this one must not."""
    desk, laptop = fleet("desk", "laptop")
    proxy = ProxyStore(desk, database=store.path)
    join(desk, proxy, more="writers = desk, laptop\n")
    published(store, api, desk, laptop, lifetime=8 * HOUR)
    content = desk.read_login()
    content["claudeAiOauth"]["expiresAt"] = int((time.time() + 200) * 1000)
    desk.write_login(content)
    proxy.behave("sys.exit(1)")
    assert desk.run("claude-p", "ok").out == "ok\n"
    assert "refreshToken" not in oauth(desk)
    wait_for(lambda: desk.events("renew"))
    assert not desk.events("renew")[0]["ok"]
    assert api.counts()["refreshes"] == 0


# -- what is run ---------------------------------------------------------------------------------


def test_the_command_is_configurable(fleet, store, api):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    result = desk.run("credrelay", "renew", env={"CREDRELAY_RENEW": "claude  mcp list"})
    assert result.out.startswith("renewed it"), result
    assert desk.client_runs()[0]["argv"] == ["mcp", "list"]


def test_in_which_world_it_runs(fleet, store, api):
    """In a folder of ours, on /dev/null, without the variables that go before the login."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    desk.program("claude", "#!/bin/sh\nstreams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)\n"
                           "{ pwd; echo \"$streams\"; umask; "
                           "echo \"${ANTHROPIC_API_KEY-unset} $CLAUDE_P_NO_RECOVER $OTHER\"; } >$HOME/world\n")
    desk.run("credrelay", "renew", env={"ANTHROPIC_API_KEY": "sk-TEST", "OTHER": "kept"}, umask=0o22)
    assert (desk.home / "world").read_text().splitlines() == [
        str(desk.state), "/dev/null", "/dev/null", "/dev/null", "0022", "unset 1 kept"]


def test_with_streams_that_are_closed_it_still_has_its_own(fleet, store, api):
    """Else the first file that it opens, which may be the login, is its standard output."""
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    desk.program("claude", "#!/bin/sh\nstreams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)\n"
                           "echo \"$streams\" >$HOME/streams\n")
    desk.run("sh", "-c", "exec credrelay renew <&- >&- 2>&-")
    assert (desk.home / "streams").read_text().splitlines() == ["/dev/null"] * 3


def test_one_at_a_time_on_a_machine(fleet, store, api):
    desk, laptop = fleet("desk", "laptop")
    published(store, api, desk, laptop, lifetime=100)
    desk.program("claude", "#!/bin/sh\ntouch $HOME/begun\nwhile [ ! -e $HOME/go ]; do sleep 0.05; done\n")
    first = desk.start("credrelay", "renew")
    wait_for(lambda: (desk.home / "begun").exists())
    result = renew(desk)
    assert (result.status, result.err) == (
        75, "credrelay: renew: another process of this machine's renews it now\n"
            "  see what comes of it: credrelay log -f\n")
    assert desk.run("credrelay", "sync").status == 0  # nobody waits for it
    (desk.home / "go").touch()
    first.communicate(timeout=60)
    assert first.returncode == 69


def test_share_refresh_token(fleet, store, api):
    desk, = fleet("desk", more="share-refresh-token = yes\n")
    published(store, api, desk, lifetime=100)
    assert renew(desk).err == (
        "credrelay: renew: with share-refresh-token = yes each client renews by itself\n"
        "  one at a time takes the layout of two values: share-refresh-token = no\n")
