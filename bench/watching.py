"""What it takes to publish by oneself: `credrelay watch` beside the loop that one would write first,
inotifywait and `aws ssm put-parameter`."""
import json
import os
import shutil
import subprocess
import time

from harness.parameter_store import WRITER, ParameterStore, allow, policy
from harness.world import World, login
from measure import CouldNotRun, Spread, in_turns
from report import Row

LOOP = "inotifywait and aws"
PATIENCE = 30  # s for one publication
DAY = 24 * 3600
SYNCS_A_DAY = 96  # every 15 min

SCRIPT = """inotifywait -q -m -e close_write,moved_to --format %f "$HOME/.claude" |
while read -r name; do
    [ "$name" = .credentials.json ] || continue
    "$AWS" ssm put-parameter --endpoint-url "$ENDPOINT" --overwrite --type SecureString \\
        --name "$PARAMETER" --value "file://$HOME/.claude/.credentials.json" --output text >/dev/null
done
"""


class Writer:
    """A machine that publishes into a parameter of its own, with the one key of all of them."""

    keys = None

    def __init__(self, home, port, number=0):
        self.world = World(home / f"writer-{number}", "writer")
        self.store = ParameterStore(port, f"/bench/{number}/credentials")
        # A user of its own: the other measurements give theirs a new key each.
        Writer.keys = Writer.keys or self.store.user("watching", policy(allow("ssm:*", "*"), allow("kms:*", "*")))
        self.world.write_aws_profiles(**{WRITER.replace("-", "_"): Writer.keys})
        self.world.configure(f"[claude]\nrole = writer\nstore = {self.store.url()}\n"
                             f"writer-profile = {WRITER}\n")
        self.number = 0
        self.write()

    def write(self):
        """Another login, as the client does it; the moment before its name is changed."""
        self.number += 1
        text = json.dumps(login(access=f"sk-ant-oat01-TEST-{self.number}"))
        new = self.world.login_path.with_name("new")
        new.parent.mkdir(mode=0o700, exist_ok=True)
        new.write_text(text)
        began = time.time()
        new.replace(self.world.login_path)
        return began

    def accepted(self):
        """When the store accepted each version of the shared value."""
        return [entry["at"] for entry in self.store.log()
                if entry["action"] == "PutParameter" and entry["status"] == 200
                and entry["name"] == self.store.path]

    def publication(self, settled=0.0):
        """Microseconds from a change on disk to its being accepted."""
        before = len(self.accepted())
        time.sleep(settled)
        began = self.write()
        wait_for(lambda: len(self.accepted()) > before)
        return (self.accepted()[before] - began) * 1e6


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise CouldNotRun("it was not published")
        time.sleep(0.02)


def end(process):
    process.terminate()
    process.wait(30)


def watcher(writer):
    process = writer.world.start("credrelay", "watch", "--quiet")
    state = writer.world.state / "watch.json"

    def in_step():
        return state.exists() and json.loads(state.read_text())["relays"][0]["synced_at"] > 0

    wait_for(in_step)
    return process


def watched(home, port, rounds):
    """A publication each, from a new one: those that follow within 10 s are gathered."""
    took = []
    for number in range(1, rounds + 1):
        writer = Writer(home, port, number)
        writer.write()
        ran = writer.world.run("credrelay", "sync")
        assert ran.status == 0, ran
        process = watcher(writer)
        try:
            took.append(writer.publication())
        finally:
            end(process)
        shutil.rmtree(writer.world.home)
    return took


def looped(home, port, rounds, find_aws):
    if not shutil.which("inotifywait"):
        raise CouldNotRun("no inotifywait here (Debian: inotify-tools)")
    writer = Writer(home, port, 0)
    writer.world.env.update(
        AWS=next(iter(find_aws().values())), ENDPOINT=writer.store.endpoint,
        PARAMETER=writer.store.path, AWS_PROFILE=WRITER, AWS_DEFAULT_REGION=writer.store.region)
    process = writer.world.start("sh", "-c", SCRIPT, start_new_session=True)
    try:
        time.sleep(1)  # it does not say when it has begun
        took = [writer.publication(0.5) for _ in range(rounds)]
        time.sleep(3)  # the last aws has ended
        memory = sum(memory_of(pid) for pid in session_of(process.pid))
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)
    return took, memory


def session_of(leader):
    pids = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], stdout=subprocess.PIPE, text=True)
    return [int(pid) for pid in pids.stdout.split()]


def memory_of(pid):
    """Resident, KiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def processor_of(pid):
    """Microseconds."""
    with open(f"/proc/{pid}/schedstat") as stat:
        return int(stat.read().split()[0]) / 1000


class Idle:
    """A watcher that has nothing to do, from now until it is asked."""

    def __init__(self, home, port):
        self.writer = Writer(home, port, "idle")
        self.process = watcher(self.writer)
        self.began, self.used = time.monotonic(), processor_of(self.process.pid)

    def end(self):
        end(self.process)

    def result(self, seconds):
        """(resident KiB, microseconds of processor time a day), after at least SECONDS."""
        time.sleep(max(0, self.began + seconds - time.monotonic()))
        lasted = time.monotonic() - self.began
        used = processor_of(self.process.pid) - self.used
        memory = memory_of(self.process.pid)
        return memory, used / lasted * DAY

    def sync(self, rounds):
        """Microseconds of processor time of a sync that finds nothing to do."""
        took = in_turns(self.writer.world, rounds, {"sync": ["credrelay", "sync", "--quiet"]})
        return Spread.of(run.cpu for run in took["sync"])


def hundredth(values):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def exactly(number):
    return Spread(number, number, number)


def publishing(home, port, rounds, find_aws):
    ours = watched(home, port, rounds)
    theirs, _ = looped(home, port, max(5, rounds // 3), find_aws)
    return [Row("a change on disk to the accepted put", LOOP, Spread.of(ours), Spread.of(theirs)),
            Row("of 100, the slowest", LOOP, exactly(hundredth(ours)), exactly(hundredth(theirs)))]


def resting(idle, seconds, home, port, find_aws):
    memory, day = idle.result(seconds)
    sync = idle.sync(20)
    _, loop = looped(home, port, 1, find_aws)
    return [Row("resident memory", LOOP, exactly(memory), exactly(loop), unit="KiB",
                claim=("below 4 MiB", memory < 4096)),
            Row("processor time of an idle day, resident process", "", exactly(day)),
            Row(f"the same with its {SYNCS_A_DAY} syncs", "",
                exactly(day + SYNCS_A_DAY * sync.middle))]
