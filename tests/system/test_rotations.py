"""Two months of renewals in a minute: three machines, two writers and a reader, in the order of the
schedule.  The logins are so short-lived that every turn has come; a refresh ends the login before
it at once, and a refresh token that is sent twice ends everything."""
import itertools

from harness.relay import LocalStore, join
from harness.watch import ASAN

ROTATIONS = 40 if ASAN else 200
ABSENT = 9  # so often the holder is away, and the other writer takes over


def test_two_hundred_rotations(machines, tmp_path, api):
    store = LocalStore(tmp_path / "shared" / "store.db")
    desk, laptop, server = fleet = machines("desk", "laptop", "server")
    for machine in fleet:
        join(machine, store, "reader" if machine is server else "writer", "writers = desk, laptop\ntimeout = 30s\n")
        machine.install_client(api, retry_pause=0.01)
    desk.human_login(api, lifetime=118)
    api.set(access_lifetime=118, refresh_revokes=True, reuse_kills=True)
    for machine in fleet:
        assert machine.run("credrelay", "sync").status == 0
    holder, runs, runners, tokens = desk, [], itertools.cycle(fleet), [desk.access_token()]
    for rotation in range(ROTATIONS):
        if rotation % ABSENT == ABSENT - 1:
            holder = laptop if holder is desk else desk
        renewed = holder.run("credrelay", "renew", "--json")
        assert renewed.status == 0 and renewed.json["did"] == "renewed", renewed
        assert renewed.json["took_over"] is (rotation % ABSENT == ABSENT - 1)
        assert renewed.json["version"] == rotation + 2  # one version for each
        tokens.append(store.shared()["accessToken"])
        for machine in fleet:
            if machine is not holder:
                assert machine.run("credrelay", "sync").status == 0
        if rotation % 2:  # and what came of it works
            runs.append(next(runners).run("claude-p", "ok"))
    assert [run for run in runs if (run.status, run.out, run.err) != (0, "ok\n", "")] == []
    counts = api.counts()
    assert store.version() == len(set(tokens)) == ROTATIONS + 1  # none comes back
    assert all(token.startswith("sk-ant-oat01-") for token in tokens)  # none of them blank
    assert (counts["refreshes"], counts["refused"], counts["unauthorized"]) == (ROTATIONS, 0, 0)
    assert {machine.access_token() for machine in fleet} == {tokens[-1]}
