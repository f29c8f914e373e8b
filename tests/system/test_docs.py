"""What people read names what there is: the manual, the completions, the README and ARCHITECTURE.md
against the program's own tables (`credrelay help --json`) and against its sources."""
import json
import re
import shutil
import subprocess
import sys

import pytest

from harness.world import PREFIX, TESTS
from mutants import MUTANTS
from promises import SECTIONS

ROOT = TESTS.parent
MAN = {path.name: path.read_text() for path in sorted((ROOT / "man").glob("*.[0-9]"))}
README = (ROOT / "README.md").read_text()
PROSE = {name: (ROOT / name).read_text()
         for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
                      "docs/claude.md", "docs/power-cut.md", "docs/security.md")}
SHARE = PREFIX / "share"
BASH_FILES = SHARE / "bash-completion" / "completions"
SHELLS = {"credrelay": BASH_FILES, "claude-p": BASH_FILES, "_credrelay": SHARE / "zsh" / "site-functions",
          "credrelay.fish": SHARE / "fish" / "vendor_completions.d",
          "claude-p.fish": SHARE / "fish" / "vendor_completions.d"}


@pytest.fixture(scope="module")
def tables():
    """{"commands": [{"name", "options": [{"letter", "name"}]}], "settings": [{"key", ...}]}"""
    return json.loads(subprocess.run([PREFIX / "bin" / "credrelay", "help", "--json"], check=True,
                                     stdout=subprocess.PIPE, env={"HOME": "/"}).stdout)


def source(path):
    return (ROOT / path).read_text()


def section(page, name):
    """The text of a page under .Sh NAME."""
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", MAN[page], re.M | re.S)[1]


def subsection(page, name):
    return re.search(rf"^\.Ss {name}\n(.*?)(?=^\.S[sh] |\Z)", MAN[page], re.M | re.S)[1]


def words(text):
    """Everything that .Cm marks up in a piece of a page."""
    lines = re.findall(r"^\.(?:It |Pq )?Cm (.*)$", text, re.M)
    return {w for line in lines for w in re.findall(r"[a-z][a-z_-]*", line)}


# -- credrelay(1) ------------------------------------------------------------------------------


def test_the_manual_has_the_commands_and_no_others(tables):
    items = re.findall(r"^\.It Ic (\S+)", section("credrelay.1", "COMMANDS"), re.M)
    assert sorted(items) == sorted(c["name"] for c in tables["commands"])
    synopsis = re.findall(r"^\.Ic (\S+)", section("credrelay.1", "SYNOPSIS"), re.M)
    assert sorted(synopsis) == sorted(items)


def options(tables):
    """{(letter, name)}; "": it has no letter."""
    return {(o["letter"] or "", o["name"]) for c in tables["commands"] for o in c["options"]}


def test_the_manual_has_the_options_and_no_others(tables):
    items = re.findall(r"^\.It Fl (?:(\w) , Fl )?-(\S+)", section("credrelay.1", "OPTIONS"), re.M)
    assert set(items) == options(tables) and len(items) == len(options(tables))


def test_the_synopsis_gives_each_command_its_options(tables):
    for command in tables["commands"]:
        entry = re.search(rf"^\.Ic {command['name']}\n(.*?)(?=^\.Nm|\Z)",
                          section("credrelay.1", "SYNOPSIS"), re.M | re.S)[1]
        letters = {c for flags in re.findall(r"^\.Op Fl (\w+)", entry, re.M) for c in flags}
        names = set(re.findall(r"^\.Op Fl -(\S+)", entry, re.M))
        assert letters | {"h"} == {o["letter"] for o in command["options"] if o["letter"]}, command["name"]
        assert names == {o["name"] for o in command["options"] if not o["letter"]}, command["name"]


def test_the_manual_has_the_members_of_the_json_output():
    sources = source("src/cmd/transfer.c") + source("src/cmd/show.c")
    members = set(re.findall(r'jv_put\w*\(\s*v, "(\w+)"', sources))
    by_day = quoted("src/journal/days.c", r'jv_put\w*\(v, "(\w+)"') | (
        quoted("src/journal/outcome.c", r'\[OUTCOME_\w+\] = "(\w+)"') - {"nothing", "other"})
    assert words(section("credrelay.1", "JSON OUTPUT")) - {"usable"} == members | by_day
    assert words(subsection("credrelay.1", "Counts by day")) == by_day


def test_the_page_of_renewing_has_its_json():
    renew = source("src/cmd/renew.c")
    members = set(re.findall(r'jv_put\w*\(\s*v, "(\w+)"', renew))
    outcomes = quoted("src/relay/renew.c", r'\[RENEWAL_\w+\] = "(\w+)"')
    assert words(section("credrelay-renew.1", "JSON OUTPUT")) == members | outcomes


def test_the_page_of_alerts_has_its_json_and_files():
    members = set(re.findall(r'(?:jv_put\w*|put_moment)\(\s*v, "(\w+)"', source("src/cmd/alert.c")))
    assert words(section("credrelay-alert.1", "JSON OUTPUT")) == members
    suffixes = quoted("src/alert/books.c", r'_SUFFIX +"([.\w]+)"')
    assert set(re.findall(r"/NAME([.\w]+)", section("credrelay-alert.1", "FILES"))) == suffixes


def test_the_manual_has_the_members_of_the_status():
    status, show = source("src/cmd/status.c"), source("src/cmd/show.c")
    members = set(re.findall(r'(?:jv_put\w*|put_time)\(\s*v, "(\w+)"', status + show))
    values = (quoted("src/doctor/outlook.c", r'\[(?:NOTE|STANDS|WILL|CANNOT|NOT|NO|ANSWERED)\w*\] = "(\w+)"')
              | quoted("src/doctor/rows.c", r'\[HAPPENED_\w+\] = "(\w+)"'))
    assert words(section("credrelay-status.1", "JSON OUTPUT")) == members | values | {"usable"}


def test_the_manual_has_the_checks_and_members_of_the_doctor():
    doctor = source("src/cmd/doctor.c")
    members = set(re.findall(r'jv_put\w*\(\s*v, "(\w+)"', doctor))
    values = quoted("src/doctor/finding.c", r'\[FOUND_\w+\] = "(\w+)"')
    assert words(section("credrelay-doctor.1", "JSON OUTPUT")) == members | values
    checks = re.findall(r'^    \{"([\w ]+)", (?:true|false), look_', source("src/doctor/check.c"), re.M)
    items = re.findall(r"^\.It Cm (.*)$", subsection("credrelay-doctor.1", "The checks"), re.M)
    assert items == checks and len(items) > 10


def test_the_manual_has_the_members_of_what_sets_up():
    sources = "".join(source(f"src/cmd/{name}.c") for name in ("init", "invite", "join", "steps"))
    members = set(re.findall(r'jv_put\w*\(\s*[\w>-]+, "(\w+)"', sources))
    ends = set(re.findall(r'\[STEP_\w+\] = "(\w+)"', sources))
    assert ends and words(section("credrelay-join.1", "JSON OUTPUT")) == members | ends


def test_the_manual_has_the_members_of_the_history():
    sources = source("src/cmd/history.c") + source("src/cmd/rollback.c")
    members = set(re.findall(r'jv_put\w*\(\s*(?:v|value), "(\w+)"', sources))
    forms = quoted("src/relay/rollback.c", r'\[ROLLBACK_\w+\] = "(\w+)"')
    named = words(section("credrelay-history.1", "JSON OUTPUT")) - {"false"}
    assert named - {"history", "rollback"} == members | forms


def exit_statuses():
    """{number} that an error can end with, out of err.c."""
    text = source("src/base/err.c")
    return set(re.findall(r"EX_\w+_ = (\d+)", text))


@pytest.mark.parametrize("page", ["credrelay.1"])
def test_the_manual_has_every_exit_status(page):
    items = re.findall(r"^\.It (\d+)$", section(page, "EXIT STATUS"), re.M)
    assert set(items) == exit_statuses() | {"0"}


def test_the_readme_has_every_exit_status():
    rows = re.findall(r"^\| ([\d, ]+) \|", README, re.M)
    found = {n for row in rows for n in re.findall(r"\d+", row)}
    assert found == exit_statuses() | {"0", "126", "127"}


USABLE = {"access": "sk-ant-oat01-TEST-1"}
ENDINGS = [  # (what is so, configuration, login, command, exit status)
    ("no such command", "", None, ["frobnicate"], 64),
    ("no such relay", "", None, ["pull", "-r", "nosuch"], 64),
    ("a setting that is not valid", "[claude]\nrole = boss\n", None, ["pull"], 65),
    ("a blank login", "", {"access": ""}, ["publish"], 65),
    ("no login to publish", "", None, ["publish"], 65),
    ("a store without a helper", "[claude]\nstore = nosuch:\n", None, ["pull"], 69),
    ("a reader, and no writer has published", "[claude]\nrole = reader\n", None, ["pull"], 75),
    ("a reader asked to publish", "[claude]\nrole = reader\n", USABLE, ["publish"], 77),
    ("no login anywhere", "", None, ["sync"], 78),
    ("a login", "", USABLE, ["publish"], 0),
]


@pytest.mark.parametrize("what, configuration, login, command, status", ENDINGS,
                         ids=[row[0] for row in ENDINGS])
def test_the_exit_statuses_are_as_the_readme_says(world, what, configuration, login, command, status):
    world.configure(configuration)
    if login:
        world.write_login(**login)
    result = world.run("credrelay", *command)
    assert result.status == status, result
    assert f"| {status} |" in README


# -- credrelay-service(1) ----------------------------------------------------------------------


SERVICE = {"install", "uninstall", "status", "print"}


def test_the_page_of_the_service_has_its_actions_and_json():
    command = source("src/cmd/service.c")
    assert set(re.findall(r'^    \{"(\w+)", "service \w+", \w+\},$', command, re.M)) == SERVICE
    items = re.findall(r"^\.It Cm (\w+)$", section("credrelay-service.1", "DESCRIPTION"), re.M)
    assert set(items) == SERVICE
    members = set(re.findall(r'jv_put\w*\(\s*(?:v|step), "(\w+)"', command))
    assert words(section("credrelay-service.1", "JSON OUTPUT")) - SERVICE == members
    states = quoted("src/service/service.c", r'\[SERVICE_\w+\] = "(\w+)"')
    assert states == set(re.findall(r"^\.Ql (\w+)", re.search(
        r"^\.It Cm state\n(.*?)^\.It", section("credrelay-service.1", "JSON OUTPUT"), re.M | re.S)[1],
        re.M))


def test_the_page_of_the_service_has_the_units():
    page = MAN["credrelay-service.1"]
    for name in re.findall(r'UNIT_\w+ +"(.+)"', source("src/service/unit_text.h")):
        assert name in page, name
    hardening = re.findall(r'"(\w+)=[^"]*\\n"', re.search(
        r"hardening\[\] = (.*?);", source("src/service/unit_text.c"), re.S)[1])
    off = re.findall(r"^(\w+)=", section("credrelay-service.1", "DESCRIPTION"), re.M)
    assert set(off) == set(hardening) - {"UMask", "LimitCORE", "SystemCallErrorNumber"}


# -- credrelay-aws(1) --------------------------------------------------------------------------


def test_the_manual_of_aws_has_its_commands_and_options(tables):
    commands = next(c for c in tables["commands"] if c["name"] == "aws")["commands"]
    page = section("credrelay-aws.1", "SYNOPSIS")
    assert re.findall(r"^\.Ic (aws \S+)", page, re.M) == [c["name"] for c in commands]
    items = re.findall(r"^\.It Ic (aws [a-z-]+)", section("credrelay-aws.1", "DESCRIPTION"), re.M)
    assert items == [c["name"] for c in commands]
    for command in commands:
        entry = re.search(rf"^\.Ic {command['name']}\n(.*?)(?=^\.Nm|\Z)", page, re.M | re.S)[1]
        letters = {c for flags in re.findall(r"^\.Op Fl (\w+)", entry, re.M) for c in flags}
        names = set(re.findall(r"^\.Op Fl -([\w-]+)", entry, re.M))
        options = command["options"]
        assert letters | {"h"} == {o["letter"] for o in options if o["letter"]}, command["name"]
        assert names == {o["name"] for o in options if not o["letter"]}, command["name"]
    described = re.findall(r"^\.It Fl (?:. , Fl )?-([\w-]+)", section("credrelay-aws.1", "OPTIONS"), re.M)
    assert sorted(described) == sorted({o["name"] for c in commands for o in c["options"]})


# -- credrelay.conf(5) -------------------------------------------------------------------------


def setting_items(name="SETTINGS"):
    """{key: its item in a section of the page}"""
    text = section("credrelay.conf.5", name)
    parts = re.split(r"^\.It Cm (\S+) No = Ar (.*)$", text, flags=re.M)
    return {key: (takes, body) for key, takes, body in zip(parts[1::3], parts[2::3], parts[3::3])}


TABLES = [("settings", "SETTINGS", "CREDRELAY_"), ("alert_settings", "ALERTS", "CREDRELAY_ALERT_")]


@pytest.mark.parametrize("table, name, prefix", TABLES, ids=[t[1] for t in TABLES])
def test_the_manual_has_the_settings_and_no_others(tables, table, name, prefix):
    assert list(setting_items(name)) == [s["key"] for s in tables[table]]


@pytest.mark.parametrize("table, name, prefix", TABLES, ids=[t[1] for t in TABLES])
def test_the_manual_has_their_values_defaults_and_variables(tables, table, name, prefix):
    for setting in tables[table]:
        takes, body = setting_items(name)[setting["key"]]
        assert takes.replace(" ", "") == setting["takes"], setting
        if setting["default"]:
            default = setting["default"].replace(":", r":\&")
            assert re.search(rf"^Default:\n\.Ql {re.escape(default)}( [.,])?$", body, re.M), setting
        else:
            assert re.search(r"^Default: none[;,.]", body, re.M), setting
        key = setting["key"].removeprefix("alert-") if table == "alert_settings" else setting["key"]
        variable = prefix + key.upper().replace("-", "_")
        assert f".Pq Ev {variable}\n" in body, setting


# The fleet's own, word for word.
WRITER = """[claude]
tool = claude
role = writer
store = ssm://us-west-2/claude/oauth/credentials
reader-profile = claude-creds-reader
writer-profile = claude-creds-writer
"""
READER = WRITER.replace("writer\nstore", "reader\nstore").replace(
    "writer-profile = claude-creds-writer\n", "")


def test_both_pages_have_the_fleets_configuration():
    assert re.findall(r"```ini\n(\[claude\]\n.*?)```", README, re.S) == [WRITER, READER]
    examples = re.findall(r"^\.Bd -literal -offset indent\n(.*?)^\.Ed", section(
        "credrelay.conf.5", "EXAMPLES"), re.M | re.S)
    assert examples == [WRITER, READER]


def test_the_readmes_configuration_and_policies_do_what_they_say(machines, parameter_store):
    """As they stand: only the endpoint is another.  Two users with the README's two policies."""
    reader_policy, writer_policy = map(json.loads, re.findall(r"```json\n(.*?)```", README, re.S))
    writer, reader = machines("machine-1", "machine-2")
    writer.configure(WRITER)
    reader.configure(READER)
    reader_keys = parameter_store.user("claude-creds-reader", reader_policy)
    writer_keys = parameter_store.user("claude-creds-writer", writer_policy)
    writer.write_aws_profiles(claude_creds_reader=reader_keys, claude_creds_writer=writer_keys)
    reader.write_aws_profiles(claude_creds_reader=reader_keys)
    endpoint = {"AWS_ENDPOINT_URL_SSM": parameter_store.endpoint}

    writer.write_login(access="sk-ant-oat01-TEST-1", refresh="sk-ant-ort01-TEST-1")
    published = writer.run("credrelay", "publish", env=endpoint)
    assert (published.status, published.err) == (0, ""), published
    pulled = reader.run("credrelay", "pull", env=endpoint)
    assert (pulled.status, pulled.err) == (0, ""), pulled
    assert reader.access_token() == "sk-ant-oat01-TEST-1"
    # The history is asked for when there is a doubt: the same writer without its memory.
    shutil.rmtree(writer.state)
    writer.write_login(access="sk-ant-oat01-TEST-2", refresh="sk-ant-ort01-TEST-2", expires_in=30000)
    published = writer.run("credrelay", "publish", env=endpoint)
    assert (published.status, published.err) == (0, ""), published
    # A reader that says it is a writer is told no by the store.
    reader.configure(WRITER.replace("= claude-creds-writer", "= claude-creds-reader"))
    reader.write_login(access="sk-ant-oat01-TEST-3", expires_in=40000)
    assert reader.run("credrelay", "publish", env=endpoint).status == 77


# -- credrelay-log(5) --------------------------------------------------------------------------


def quoted(path, pattern):
    found = re.findall(pattern, source(path), re.M)
    assert found, f"{path} has no {pattern}: the test reads it wrongly"
    return set(found)


def test_the_manual_has_every_event_and_field():
    events = quoted("src/relay/events.c", r'\[INTENT_\w+\] = "(\w+)"') | quoted(
        "src/relay/events.c", r'event_new\(r, "(\w+)"\)') | quoted(
        "src/alert/events.c", r'event_new\(r, "(\w+)"\)')
    named = re.findall(r"^\.Ss (.*)$", section("credrelay-log.5", "EVENTS"), re.M)
    assert {w for line in named for w in line.split(", ")} == events
    assert events == quoted("src/journal/sentence.c", r'\{"(\w+)",\s*say_\w+\}')
    fields = quoted("src/relay/events.c", r'put_\w+\(\s*v, "(\w+)"') | quoted(
        "src/alert/events.c", r'put_\w+\(\s*v, "(\w+)"') | quoted(
        "src/base/log.c", r'jv_put_\w+\(event, "(\w+)"')
    items = re.findall(r"^\.It Cm (.*)$", MAN["credrelay-log.5"].split(".Sh REASONS")[0], re.M)
    assert {w for line in items for w in line.split(" , ")} == fields


def test_the_manual_has_every_word_of_the_log():
    names = {
        "what was done": quoted("src/relay/decide.c", r'\[DO_\w+\] = "(\w+)"'),
        "states": quoted("src/tool/login.c", r'\[LOGIN_\w+\] = \{"(\w+)"') - {"usable"},
        "errors": quoted("src/base/err.c", r'\[ERR_\w+\] = \{"(\w+)"') - {"ok"},
        "troubles": quoted("src/alert/incident.c", r'\[TROUBLE_\w+\] = "(\w+)"'),
        "kinds": quoted("src/alert/incident.c", r'\[TELL_\w+\] = "(\w+)"') - {"nothing"},
        "channels": quoted("src/alert/outbox.c", r'\[CHANNEL_\w+\] = "(\w+)"'),
        "verdicts": quoted("src/tool/failure.c", r'\[FAILURE_\w+\] = "(\w+)"'),
    }
    for what, expected in names.items():
        assert expected <= words(MAN["credrelay-log.5"]), what


def test_the_manual_has_every_reason_and_no_others():
    items = re.findall(r"^\.It Cm (\w+)$", section("credrelay-log.5", "REASONS"), re.M)
    assert set(items) == quoted("src/relay/decide.c", r'\[WHY_\w+\] = \{"(\w+)"')


# -- credrelay-tool(5) -------------------------------------------------------------------------


def test_the_manual_has_every_setting_of_a_tool():
    description = source("src/tool/description.c")
    rows = re.findall(r'^    \{"(\w+)", "([\w-]+)", take_', description, re.M)
    named = re.findall(r'\[(?:SIGNAL|TYPE)_\w+\] = "([\w-]+)"', description)
    assert len(rows) > 20 and len(named) > 10
    items = re.findall(r"^\.It Cm ([\w-]+)", MAN["credrelay-tool.5"], re.M)
    assert sorted(items) == sorted([key for _, key in rows] + named)
    sections = set(re.findall(r'\{"([\w.]+)", take_\w+\}', description))
    assert sections == set(re.findall(r"^\.S[hs] .*\[([\w.]+)\]$", MAN["credrelay-tool.5"], re.M))


def test_the_example_of_a_tool_is_one(world):
    example = re.search(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", section("credrelay-tool.5", "EXAMPLES"),
                        re.M | re.S)[1]
    path = world.home / ".config" / "credrelay" / "tools" / "lamp.ini"
    path.parent.mkdir(parents=True)
    path.write_text(example)
    ran = world.run("credrelay", "run", "-t", "lamp", "--", "true")
    assert (ran.status, ran.err) == (0, ""), ran


# -- credrelay-store(7) ------------------------------------------------------------------------


def test_the_manual_has_the_protocol():
    header = source("src/store/protocol.h")
    request = re.search(r"^ \* Request:\n(.*?)^ \*\n", header, re.M | re.S)[1]
    fields = re.findall(r"^ \*   (\w+) ", request, re.M)
    items = re.findall(r"^\.It Cm (\w+)$", subsection("credrelay-store.7", "The request"), re.M)
    assert items == fields
    assert set(re.findall(r'= "(\w+)"', header)) <= words(MAN["credrelay-store.7"])


# -- completions -------------------------------------------------------------------------------

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function=$(complete -p "$1" | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
"$function"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete_in_bash(world, *line, name=None, before=""):
    """The set of words that bash offers for the last word of LINE."""
    script = BASH_FILES / (name or line[0])
    result = world.run("bash", "--norc", "-c", before + BASH, "bash", script, *line)
    assert result.status == 0, result
    return set(result.out.split())




def test_bash_offers_what_there_is(world, tables):
    commands = {c["name"] for c in tables["commands"]}
    assert complete_in_bash(world, "credrelay", "") == commands | {"--help", "--version"}
    assert complete_in_bash(world, "credrelay", "pu") == {"pull", "publish"}
    for command in tables["commands"]:
        offered = complete_in_bash(world, "credrelay", command["name"], "")
        expected = {f"--{o['name']}" for o in command["options"]}
        expected |= {f"-{o['letter']}" for o in command["options"] if o["letter"]}
        more = {"help": commands, "run": {"--"}}.get(command["name"], set())
        more |= {w for choice in re.findall(r"[a-z-]+(?:\|[a-z-]+)+", command["arguments"])
                 for w in choice.split("|")}
        assert offered == expected | more, command["name"]


def test_bash_offers_the_commands_within_a_command(world, tables):
    within = [(c["name"], sub) for c in tables["commands"] for sub in c["commands"]]
    assert within
    for name, sub in within:
        word = sub["name"].removeprefix(name + " ")
        options = {s for o in sub["options"] for s in ([f"-{o['letter']}"] if o["letter"] else []) + [f"--{o['name']}"]}
        choices = {w for choice in re.findall(r"[a-z-]+(?:\|[a-z-]+)+", sub["arguments"]) for w in choice.split("|")}
        assert complete_in_bash(world, "credrelay", name, word, "") == options | choices, sub["name"]
    assert complete_in_bash(world, "credrelay", "aws", "po") == {"policy"}
    assert complete_in_bash(world, "credrelay", "aws", "nonsense", "") == set()


def test_bash_offers_the_relays_of_the_configuration(world):
    world.configure("[claude]\nrole = reader\n[work]\nrole = reader\n[alert]\nmail = me\n")
    assert complete_in_bash(world, "credrelay", "pull", "-r", "") == {"claude", "work"}
    assert complete_in_bash(world, "credrelay", "pull", "--relay", "w") == {"work"}


def test_bash_offers_the_tools(world):
    tools = world.home / ".config" / "credrelay" / "tools"
    assert complete_in_bash(world, "credrelay", "run", "-t", "") == {"claude", "codex"}
    tools.mkdir(parents=True)
    (tools / "lamp.ini").touch()
    assert complete_in_bash(world, "credrelay", "run", "--tool", "l") == {"lamp"}


def test_bash_offers_commands_after_the_dashes(world):
    assert "mkfifo" in complete_in_bash(world, "credrelay", "run", "--", "mkfi")


def test_claude_p_completes_as_claude_does(world):
    claude = "_claude() { COMPREPLY=(\"$1:$2\"); }; complete -F _claude claude\n"
    assert complete_in_bash(world, "claude-p", "--mo", before=claude) == {"claude:--mo"}
    assert complete_in_bash(world, "claude-p", "--mo") == set()


def test_fish_and_zsh_name_what_there_is(tables):
    fish, zsh = ((SHELLS[name] / name).read_text() for name in ("credrelay.fish", "_credrelay"))
    commands = [c["name"] for c in tables["commands"]]
    assert re.findall(r"-n __fish_use_subcommand -a (\S+)", fish) == commands
    assert re.findall(r"^        '([a-z]+):", zsh, re.M) == commands
    options = {(o["letter"] or "", o["name"]) for c in tables["commands"]
               for one in (c, *c["commands"]) for o in one["options"]}
    assert set(re.findall(r'^complete [^"]*"[^"]*"(?: -s (\w))? -l (\S+)', fish, re.M)) == options
    assert set(re.findall(r"(?:\{-(\w),)?--([\w-]+)(?:\}'|'\[)", zsh)) == options


@pytest.mark.parametrize("shell, script", [("zsh", "_credrelay"), ("fish", "credrelay.fish"),
                                           ("fish", "claude-p.fish"), ("bash", "credrelay"),
                                           ("bash", "claude-p")])
def test_each_shell_can_read_its_file(world, shell, script):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    read = world.run(shell, "-n", SHELLS[script] / script)
    assert (read.status, read.err) == (0, "")


def test_pages_and_completions_are_installed():
    pages = {p.name for p in (SHARE / "man").glob("man?/*")}
    assert pages == set(MAN)
    for name, folder in SHELLS.items():
        assert "@" not in (folder / name).read_text().replace('"$@"', "").replace("[@]", ""), name


# -- all of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", MAN)
def test_the_pages_are_well_formed(world, page):
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc here")
    lint = world.run("mandoc", "-Tlint", "-Wwarning", ROOT / "man" / page)
    assert (lint.status, lint.out) == (0, ""), lint


def commands_named(text):
    named = set(re.findall(r"(?<![\w/.-])credrelay ([a-z]+)\b", text))
    return named - {"whole", "has", "on"}  # "another credrelay has held ...", and the like


def code_of(markdown):
    """What stands between backticks or is indented as a block."""
    inline = re.findall(r"`([^`\n]+)`", markdown)
    return "\n".join(inline + re.findall(r"^    .*$", markdown, re.M) +
                     re.findall(r"^```\w*\n(.*?)^```", markdown, re.M | re.S))


def test_nothing_names_a_command_that_does_not_exist(tables):
    exist = {c["name"] for c in tables["commands"]}
    pages = [(name, re.sub(r"^\.Nd .*$", "", text, flags=re.M)) for name, text in MAN.items()]
    for name, text in [*pages, *((n, code_of(t)) for n, t in PROSE.items())]:
        assert commands_named(text) <= exist, name
    for path in [*(ROOT / "src").rglob("*.c"), *(ROOT / "helpers").rglob("*.c")]:
        messages = "\0".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', path.read_text()))
        assert commands_named(messages) <= exist, path


def test_the_wrappers_lines_are_quoted_to_the_letter():
    sources = "".join(source(p) for p in ("src/run/run.c", "src/run/say.c", "src/relay/decide.c"))
    lines = re.findall(r"^ *(?:\.It \")?\[claude-p\] (.*?)\"?$", README + MAN["claude-p.1"], re.M)
    assert len(lines) == 8
    for line in lines:
        line = re.sub("from (Parameter Store|the local store)", "from %s", line)
        for part in re.split(r"[;:,.]+ ?", line):
            assert part in sources or part == "WHY", f"nobody says '{part}'"


def test_every_file_and_function_that_is_named_exists():
    sources = "\n".join(p.read_text() for folder in ("src", "helpers")
                        for p in (ROOT / folder).rglob("*.[ch]"))
    for name, text in PROSE.items():
        for path in re.findall(r"`((?:src|helpers|tests|scripts|man|docs|tools)/[\w./-]+)`", text):
            assert (ROOT / path).exists(), f"{name} names {path}"
        for path in re.findall(r"\]\(([\w./-]+)\)", text):
            assert ((ROOT / name).parent / path).exists(), f"{name} links to {path}"
        for function in re.findall(r"`(\w+)\(\)`", text):
            assert re.search(rf"\b{function}\(", sources), f"{name} names {function}()"
        descriptions = "".join(p.read_text() for p in (ROOT / "tools").glob("*.ini"))
        for constant in re.findall(r"`([A-Z]+_[A-Z_]+)(?:=\w+)?`", text):
            assert constant in sources + descriptions, f"{name} names {constant}"


LAYERS = ["os", "base", ("store", "tool"), "relay", "journal", "service", "provision", "alert", ("run", "watch"),
          "doctor", "cmd"]


def test_a_folder_includes_only_what_is_below_it():
    below = set()
    for layer in LAYERS:
        folders = layer if isinstance(layer, tuple) else (layer,)
        for folder in folders:
            for path in (ROOT / "src" / folder).glob("*.[ch]"):
                included = set(re.findall(r'^#include "(\w+)/', path.read_text(), re.M))
                assert included <= below | {folder}, path
        below |= set(folders)


# -- docs/reliability.md -------------------------------------------------------------------------

PROMISES = [promise for section in SECTIONS.values() for promise in section]
RESULTS = json.loads((ROOT / "docs" / "reliability.json").read_text())


def rows_of(*paths):
    """The names in the tables of meson.build files."""
    return {name for path in paths for name in re.findall(r"^  \[?'([\w-]+)'[:,]", source(path), re.M)}


NAMED = {  # by the first word of a test's name
    "unit": rows_of("tests/unit/meson.build", "tests/sim/meson.build"),
    "fuzz": rows_of("tests/fuzz/meson.build"),
    "mutant": {mutant.name for mutant in MUTANTS},
    "model": set(re.findall(r'^    \("([^"]+)",', source("tests/model/run"), re.M)),
    "power": {"ext4", "xfs", "btrfs"},
}


def test_the_page_of_what_is_proved_is_made_from_its_results():
    made = subprocess.run([sys.executable, ROOT / "scripts" / "reliability", "--check"], env={"PATH": "/usr/bin:/bin"})
    assert made.returncode == 0, "write it: make reliability"


@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: p.says[:60])
def test_a_promise_has_tests_that_exist(promise):
    for test in promise.tests:
        if test.startswith("tests/"):
            path, _, function = test.partition("::")
            assert (ROOT / path).exists(), test
            assert not function or f"\ndef {function.partition('[')[0]}" in source(path), test
        else:
            kind, _, name = test.partition(" ")
            assert NAMED[kind] if name == "*" else name in NAMED[kind], test


def test_every_promise_has_a_result():
    assert set(RESULTS["promises"]) == {promise.says for promise in PROMISES}
    assert all(row["tests"] > 0 for row in RESULTS["promises"].values())
    assert set(RESULTS["mutants"]) == {f"mutant {mutant.name}" for mutant in MUTANTS}
    assert set(RESULTS["fuzz"]) == {f"fuzz {target}" for target in NAMED["fuzz"]}
