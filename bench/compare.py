"""What is compared with what.  Started by scripts/bench, which makes the environment.

pull        `credrelay pull` of a login that is not there, from the strict Parameter Store, with
            `aws ssm get-parameter --with-decryption` of the same value under the same key
https       the store's helper alone, one get over https, with the same and with the least that a
            program on libcurl does for it
good day    what a wrapper adds to a run that succeeds: `claude-p` beside `timeout 60` and beside
            the Python that one would write first; around a tiny program, so that its own start does
            not drown the difference, and around the tests' stand-in client
            (instructions, system calls and page faults are of the wrapper alone: they do not vary
            with the load of the machine)
throughput  1 GiB of output through claude-p, and through cat in its place
status      `credrelay status --offline` of a machine with two weeks of log
publishing  from a change of the login file to the put that the store has accepted (loopback): a new
            `credrelay watch` for each, and inotifywait with `aws ssm put-parameter`
resting     a watcher with nothing to do for ten minutes: its memory, and its processor time
            extrapolated to a day
linked      what the program loads at each start
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import report  # noqa: E402
import watching  # noqa: E402
from harness.fault_server import Certificates  # noqa: E402
from harness.linkage import heavy, libraries  # noqa: E402
from harness.parameter_store import READER, ParameterStore, end_server, start_server  # noqa: E402
from harness.watching import watching as a_watcher  # noqa: E402
from harness.world import PREFIX, World, login  # noqa: E402
from measure import (BUILD, CouldNotRun, Spread, added, in_turns, instructions, prove,  # noqa: E402
                     spread, system_calls)
from report import Row  # noqa: E402

PROMPT = "reply with single word ok"
GIB = "mib:1024"
PYTHON = "a Python wrapper"
TIMEOUT = "timeout 60"
HOME = Path(os.environ["HOME"])


def exactly(number):
    return None if number is None else Spread(number, number, number)


def count(what, tool, ours, rival="", theirs=None):
    if ours is None:
        return Row(what, rival, None, note=f"not counted: no {tool} here")
    return Row(what, rival, exactly(ours), exactly(theirs), unit="")


# -- pull ----------------------------------------------------------------------------------------


def find_aws():
    """{name with version: program}: the one beside the tests' Python and the system's.  The
    programs themselves: a version manager's shim would be measured as well."""
    found = {}
    for program in (Path(os.environ["MOTO_PYTHON"]).with_name("aws"), Path("/usr/bin/aws"),
                    Path(shutil.which("aws") or "/nonexistent")):
        if not program.exists() or "shims" in program.parts:
            continue
        version = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True)
        name = version.stdout.split()[0].replace("aws-cli/", "aws ") if version.stdout else None
        if name:
            found.setdefault(name, str(program))
    if not found:
        raise CouldNotRun("no aws here (Debian: awscli)")
    return found


class Reader:
    """A machine that only reads, and the commands that bring the login to it."""

    def __init__(self, port, scheme="http"):
        self.world = World(HOME / f"reader-{scheme}", "reader")
        store = ParameterStore(port, "/claude/oauth/credentials", scheme)
        store.put(json.dumps(login(refresh=None)))
        self.world.write_aws_profiles(**store.profiles())
        self.world.configure("[claude]\ntool = claude\nrole = reader\n"
                             f"store = {store.url()}\nreader-profile = {READER}\n")
        self.store = store
        self.pull = ["credrelay", "pull"]
        self.aws = {name: [program, "ssm", "get-parameter", "--with-decryption", "--name", store.path,
                           "--region", store.region, "--endpoint-url", store.endpoint, "--profile",
                           READER, "--query", "Parameter.Value", "--output", "text"]
                    for name, program in find_aws().items()}

    def prove_all(self):
        prove(self.world, "credrelay pull", self.pull, lambda _: self.world.login_mode() == "0o600")
        for name, argv in self.aws.items():
            prove(self.world, name, argv, lambda r: "claudeAiOauth" in r.json)


def pull(port, rounds):
    reader = Reader(port)
    reader.prove_all()
    took = in_turns(reader.world, rounds, {"ours": reader.pull, **reader.aws},
                    gone=reader.world.login_path)
    rows = [Row(what, name, spread(took["ours"], field), spread(took[name], field), unit, least)
            for what, field, unit, least in (("processor time", "cpu", "us", 30),
                                             ("time", "wall", "us", None),
                                             ("peak memory", "peak", "KiB", None))
            for name in reader.aws]
    return rows + pull_counts(reader)


def pull_counts(reader):
    """Of credrelay and its helper; aws under valgrind takes longer than everything else here."""
    argv = [PREFIX / "bin" / "credrelay", "pull"]
    name, aws = next(iter(reader.aws.items()))

    def fresh(counter, argv):
        reader.world.login_path.unlink(missing_ok=True)
        return counter(reader.world, argv, descendants=True)

    return [count("instructions", "valgrind", fresh(instructions, argv)),
            count("system calls", "strace", fresh(system_calls, argv), name,
                  fresh(system_calls, aws))]


# -- one get over https --------------------------------------------------------------------------

MINIMAL = "a minimal libcurl program"


def get_over_https(rounds):
    """The helper alone, as credrelay asks it."""
    certificates = Certificates(HOME)
    os.environ["SSL_CERT_FILE"] = str(certificates.authority)  # for the server's door for tests
    process, port = start_server("-c", certificates.good[0], "-k", certificates.good[1])
    try:
        reader = Reader(port, "https")
        reader.world.env["AWS_CA_BUNDLE"] = str(certificates.authority)
        reader.prove_all()
        key, secret = reader.store.profiles()[READER.replace("-", "_")]
        reader.world.env.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
        request = reader.world.home / "request"
        request.write_text(json.dumps({
            "credrelay": 1, "op": "get", "store": reader.store.url(), "path": reader.store.path,
            "role": "reader", "machine": "reader", "options": {}, "deadline_ms": 10000}) + "\n")
        minimal = [BUILD / "bench" / "minimal-get", reader.store.endpoint, reader.store.region,
                   reader.store.path, certificates.authority]
        prove(reader.world, MINIMAL, minimal, lambda r: "claudeAiOauth" in r.out)
        took = in_turns(reader.world, rounds, {
            "ours": [PREFIX / "libexec" / "credrelay" / "store-ssm"], MINIMAL: minimal,
            **reader.aws}, stdin=request)
    finally:
        end_server(process)
    wall, least = (spread(took[name], "wall") for name in ("ours", MINIMAL))
    within = wall.middle - least.middle <= 5000
    return [*(Row("processor time", name, spread(took["ours"], "cpu"), spread(took[name], "cpu"),
                  least=50) for name in reader.aws),
            *(Row("time", name, wall, spread(took[name], "wall")) for name in reader.aws),
            Row("time", MINIMAL, wall, least, claim=("within 5 ms", within)),
            Row("processor time", MINIMAL, spread(took["ours"], "cpu"), spread(took[MINIMAL], "cpu"))]


# -- a good day ----------------------------------------------------------------------------------


def tiny_world():
    world = World(HOME / "tiny")
    shutil.copy(BUILD / "bench" / "child", world.bin / "claude")
    world.write_login()
    return world


def stand_in_world():
    world = World(HOME / "stand-in")
    world.install_client()
    world.write_login()
    return world


def wrapped(world, prompt=PROMPT):
    """{name: argv} of one client run, bare and in each wrapper."""
    client = ["claude", "-p", prompt]
    return {"bare": [world.bin / "claude", "-p", prompt],
            "ours": ["claude-p", prompt],
            TIMEOUT: ["timeout", "60", *client],
            PYTHON: [sys.executable, ROOT / "bench" / "wrapper.py", *client]}


def wrapper_counts(world, took):
    """Of the wrapper alone: without the client, with what the wrapper does to start it."""
    ours = [PREFIX / "bin" / "claude-p", PROMPT]
    timeout = [shutil.which("timeout"), *wrapped(world)[TIMEOUT][1:]]
    return [count("instructions", "valgrind", instructions(world, ours), TIMEOUT,
                  instructions(world, timeout)),
            count("system calls", "strace", system_calls(world, ours), TIMEOUT,
                  system_calls(world, timeout)),
            Row("page faults", TIMEOUT, added(took["ours"], took["bare"], "faults"),
                added(took[TIMEOUT], took["bare"], "faults"), unit="")]


def good_day(world, rounds, counts):
    commands = wrapped(world)
    for name, argv in commands.items():
        prove(world, name, argv, lambda r: r.out == "ok\n" and r.err == "")
    took = in_turns(world, rounds, commands)

    def row(what, field, rival, least):
        return Row(what, rival, added(took["ours"], took["bare"], field),
                   added(took[rival], took["bare"], field), least=least)

    return [row("time added", "wall", TIMEOUT, 1), row("time added", "wall", PYTHON, 20),
            row("processor time added", "cpu", TIMEOUT, 1),
            row("processor time added", "cpu", PYTHON, 20),
            *(wrapper_counts(world, took) if counts else [])]


# -- throughput ----------------------------------------------------------------------------------


def throughput(world, rounds):
    took = in_turns(world, rounds, {"ours": ["claude-p", GIB],
                                    "cat": ["sh", "-c", f"claude -p {GIB} | cat"]})
    rows = [Row(what, "cat", spread(took["ours"], field), spread(took["cat"], field), unit)
            for what, field, unit in (("time", "wall", "us"), ("processor time", "cpu", "us"),
                                      ("peak memory", "peak", "KiB"))]
    rows[0].claim = ("no more", rows[0].ours.middle <= rows[0].theirs.middle)
    return rows


# -- status --------------------------------------------------------------------------------------


def status(rounds):
    world = World(HOME / "status")
    world.write_login()
    world.run("credrelay", "publish")
    log = world.state / "events.jsonl"
    quiet = log.read_text().replace('"did":"publish"', '"did":"nothing"')
    log.write_text(log.read_text() + quiet * ((1 << 20) // len(quiet)))
    argv = ["credrelay", "status", "--offline"]
    with a_watcher(world):  # else it ends with 2
        prove(world, "credrelay status", argv, lambda r: "will work" in r.out)
        took = in_turns(world, rounds, {"ours": argv})["ours"]
    wall = spread(took, "wall")
    return [Row("time", "", wall, claim=("under 5 ms", wall.middle < 5000)),
            Row("processor time", "", spread(took, "cpu"))]


# -- linked --------------------------------------------------------------------------------------


def linked():
    program = PREFIX / "bin" / "credrelay"
    return [Row("libraries", "", None, note=", ".join(libraries(program)) or "none",
                claim=("no libcurl, OpenSSL, SQLite", not heavy(program)))]


# -- all of it -----------------------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Compare with the rivals.")
    parser.add_argument("--runs", type=int, default=300,
                        help="rounds of a good day (300); of what takes longer, fewer")
    parser.add_argument("--idle", type=int, default=600,
                        help="seconds for which the idle watcher is watched (600)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--write", action="store_true", help="write bench/RESULTS.md as well")
    return parser.parse_args()


def main():
    asked = arguments()
    rounds = max(2, asked.runs)  # fewer have no spread
    tiny = tiny_world()
    process, port = start_server()
    groups, broken, idle = {}, [], None

    def measure(title, rows, *inputs):
        print(f"measuring: {title}", file=sys.stderr, flush=True)
        try:
            groups[title] = rows(*inputs)
        except CouldNotRun as why:
            broken.append(f"{title}: could not run: {why}")

    try:
        idle = watching.Idle(HOME, port)
        measure("pull", pull, port, max(5, rounds // 15))
        measure("one get over https", get_over_https, max(5, rounds // 15))
        measure("good day, tiny client", good_day, tiny, rounds, True)
        measure("good day, stand-in client", good_day, stand_in_world(), rounds, False)
        measure("1 GiB of output", throughput, tiny, 5)
        measure("status, offline", status, max(5, rounds // 5))
        measure("publishing", watching.publishing, HOME, port, max(10, rounds // 3), find_aws)
        measure("resting", watching.resting, idle, asked.idle, HOME, port, find_aws)
        measure("linked", linked)
    finally:
        if idle:
            idle.end()
        end_server(process)

    if asked.write:
        (ROOT / "bench" / "RESULTS.md").write_text(report.markdown(groups))
    print(json.dumps(report.as_json(groups), indent=1) if asked.json
          else f"{report.table(groups)}\n\n{report.verdict(groups)}")
    for line in broken:
        print(line, file=sys.stderr)
    return 69 if broken else 0


sys.exit(main())
