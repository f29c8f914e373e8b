"""`credrelay service` against stand-ins for both managers: what it does, in which order, what it says,
and that it keeps away from what is not its own."""
import json
import os

import pytest

from harness.managed import GUI, LABEL, UNIT, USER, Managed
from harness.watch import Watcher

INSTALL, UNINSTALL = ("credrelay", "service", "install"), ("credrelay", "service", "uninstall")
STATUS = ("credrelay", "service", "status")


@pytest.fixture
def managed(world):
    return lambda manager: Managed(world, manager)


def starting(m):
    return {
        "systemd": ["systemctl --user daemon-reload", f"systemctl --user enable {m.path}",
                    f"systemctl --user restart {UNIT}"],
        "launchd": [f"launchctl enable {GUI}/{LABEL}", f"launchctl bootstrap {GUI} {m.path}"],
    }[m.manager]


def ending(m):
    return {
        "systemd": [f"systemctl --user disable --now {UNIT}"],
        "launchd": [f"launchctl bootout {GUI}/{LABEL}"],
    }[m.manager]


def after_ending(m):
    return {"systemd": ["systemctl --user daemon-reload"], "launchd": []}[m.manager]


def lines(prefix, steps):
    return "".join(f"{prefix} {s}\n" for s in steps)


NAME = {"systemd": UNIT, "launchd": LABEL}
ADVICE = {"systemd": "credrelay: it ends when you log out; to keep it running: loginctl enable-linger\n",
          "launchd": ""}
both = pytest.mark.parametrize("manager", ["systemd", "launchd"])


@both
def test_its_life(managed, manager):
    m = managed(manager)
    missing = m.run(*STATUS)
    assert (missing.status, missing.out) == (65, "")
    assert missing.err == ("credrelay: service status: it is not installed\n"
                           "  install and start it: credrelay service install\n")

    installed = m.run(*INSTALL)
    running = f"running (pid 4242): {NAME[manager]} of {manager}\n"
    assert installed.out == f"wrote {m.path}\n" + lines("ran", starting(m)) + running
    assert (installed.status, installed.err) == (0, ADVICE[manager])
    assert m.calls() == starting(m)
    assert oct(m.path.stat().st_mode) == "0o100600"
    assert oct(m.world.state.stat().st_mode) == "0o40700"  # launchd's log is there, and launchd makes no folder
    text = m.path.read_text()
    assert m.run("credrelay", "service", "print").out == text

    status = m.run(*STATUS)
    assert (status.status, status.out, status.err) == (0, running, "")

    again = m.run(*INSTALL)
    assert (again.status, again.out) == (0, "nothing to do\n" + running)
    assert m.calls() == [] and m.path.read_text() == text

    removed = m.run(*UNINSTALL)
    assert removed.out == lines("ran", ending(m)) + f"removed {m.path}\n" + lines("ran", after_ending(m))
    assert (removed.status, removed.err) == (0, "")
    assert m.calls() == ending(m) + after_ending(m)
    assert not m.path.exists() and not m.link.is_symlink()
    assert not (m.folder / "pid").exists()

    gone = m.run(*UNINSTALL)
    assert (gone.status, gone.out, gone.err) == (0, "nothing to do\n", "")
    assert m.calls() == []


@both
def test_a_dry_run_changes_nothing(managed, manager):
    m = managed(manager)
    before = sorted(m.world.home.rglob("*"))
    planned = m.run(*INSTALL, "--dry-run")
    text = m.run("credrelay", "service", "print").out
    assert planned.out == f"would write {m.path}\n" + lines("would run", starting(m)) + "\n" + text
    assert (planned.status, planned.err) == (0, ADVICE[manager])
    assert m.calls() == []
    assert sorted(m.world.home.rglob("*")) == before

    assert m.run(*INSTALL).status == 0
    m.calls()
    planned = m.run(*UNINSTALL, "-n")
    assert planned.out == (lines("would run", ending(m)) + f"would remove {m.path}\n" +
                           lines("would run", after_ending(m)))
    assert planned.status == 0 and m.calls() == [] and m.path.exists()


@both
def test_a_unit_of_somebody_elses_is_left_alone(managed, manager):
    m = managed(manager)
    m.path.parent.mkdir(parents=True)
    m.path.write_text("# by hand, for credrelay service install to leave alone\n")
    for command in (INSTALL, UNINSTALL, (*INSTALL, "-n"), (*UNINSTALL, "-n"), STATUS):
        result = m.run(*command)
        assert (result.status, result.out) == (65, ""), command
        assert result.err == (
            f"credrelay: {' '.join(command[1:3])}: {m.path} was not written by credrelay\n"
            "  if it is not needed, move that file away\n")
        assert m.calls() == []
    assert m.path.read_text() == "# by hand, for credrelay service install to leave alone\n"


@both
def test_a_folder_in_its_place_is_somebody_elses(managed, manager):
    m = managed(manager)
    m.path.mkdir(parents=True)
    assert m.run(*INSTALL).status == 65 and m.run(*UNINSTALL).status == 65
    assert m.path.is_dir() and m.calls() == []


@both
def test_what_it_would_say_has_changed(managed, manager):
    m = managed(manager)
    assert m.run(*INSTALL).status == 0
    m.calls()
    m.world.env["CREDRELAY_ROLE"] = "reader"
    status = m.run(*STATUS)
    assert (status.status, status.out) == (
        0, f"running (pid 4242): {NAME[manager]} of {manager}\n"
           "its unit is not what it would be now; to write it anew: credrelay service install\n")
    if manager == "launchd":
        m.note("lingers", "3")  # a service that takes its time to leave
    assert m.run(*INSTALL).status == 0
    assert m.calls() == (ending(m) if manager == "launchd" else []) + starting(m)
    assert "CREDRELAY_ROLE" in m.path.read_text()
    assert m.run(*STATUS).out == f"running (pid 4242): {NAME[manager]} of {manager}\n"


@both
def test_what_was_cut_short_is_finished(managed, manager):
    """The unit is new and what runs is the old one: that is not done."""
    m = managed(manager)
    assert m.run(*INSTALL).status == 0
    m.world.env["CREDRELAY_ROLE"] = "reader"
    m.refuse({"systemd": "restart", "launchd": "bootout"}[manager], "not now")
    assert m.run(*INSTALL).status == 69
    (m.folder / "refuse").unlink()
    assert "CREDRELAY_ROLE" in m.path.read_text()
    assert "its unit is not what it would be now" in m.run(*STATUS).out
    m.calls()
    assert m.run(*INSTALL).status == 0
    assert m.calls() == (ending(m) if manager == "launchd" else []) + starting(m)
    assert (m.folder / "runs").read_text() == m.path.read_text()
    assert m.run(*INSTALL).out == f"nothing to do\nrunning (pid 4242): {NAME[manager]} of {manager}\n"


@both
def test_one_that_is_not_running_is_started(managed, manager):
    m = managed(manager)
    assert m.run(*INSTALL).status == 0
    text = m.path.read_text()
    (m.folder / "pid").unlink()
    if manager == "launchd":
        (m.folder / "loaded").unlink()
    stopped = m.run(*STATUS)
    assert (stopped.status, stopped.out) == (69, "")
    assert stopped.err == ("credrelay: service status: it is installed and does not run\n"
                           "  install and start it: credrelay service install\n")
    m.calls()
    started = m.run(*INSTALL)
    assert started.status == 0 and started.out.startswith(lines("ran", starting(m)))
    assert m.calls() == starting(m) and m.path.read_text() == text


REFUSALS = {
    "systemd": ("enable", "Failed to enable unit: Access denied",
                f"see: systemctl --user status {UNIT}"),
    "launchd": ("bootstrap", "Bootstrap failed: 5: Input/output error",
                f"see: launchctl print gui/$(id -u)/{LABEL}"),
}


@both
def test_a_manager_that_says_no(managed, manager):
    """What was done is told; doing it again does the rest."""
    m = managed(manager)
    words, message, hint = REFUSALS[manager]
    m.refuse(words, message)
    refused = m.run(*INSTALL)
    command = next(c for c in starting(m) if words in c)
    assert refused.status == 69
    done = starting(m)[:starting(m).index(command)]
    assert refused.out == f"wrote {m.path}\n" + lines("ran", done)
    assert f"credrelay: service install: {command}: {message}\n  {hint}\n" in refused.err
    m.refuse("nothing", "")
    m.calls()
    assert m.run(*INSTALL).status == 0
    assert m.calls() == starting(m)


UNREACHABLE = {
    "systemd": ("--user", "Failed to connect to bus: No medium found"),
    "launchd": ("print", "Could not find domain for user: 0"),
}


@both
def test_no_manager_answers(managed, manager):
    m = managed(manager)
    m.refuse(*UNREACHABLE[manager])
    for command in (INSTALL, (*INSTALL, "-n")):
        result = m.run(*command)
        assert (result.status, result.out) == (69, "")
        assert result.err == (
            f"credrelay: service install: no {manager} manages services of this user here: "
            f"{UNREACHABLE[manager][1]}\n"
            "  where there is none, as in a container: credrelay watch --detach\n")
    assert not m.path.exists()


def test_no_such_program(world):
    world.env["PATH"] = f"{os.environ['CREDRELAY_PREFIX']}/bin"
    for manager, program in (("systemd", "systemctl"), ("launchd", "launchctl")):
        result = world.run(*INSTALL, "--for", manager)
        assert (result.status, result.err.splitlines()[0]) == (
            69, f"credrelay: service install: no {manager} manages services of this user here: "
                f"there is no {program} on PATH")


@both
def test_a_question_that_is_not_answered_is_no_answer(managed, manager):
    """Not that there is no service: it runs, and its unit stays."""
    m = managed(manager)
    assert m.run(*INSTALL).status == 0
    program, asked = {"systemd": ("systemctl", "show"), "launchd": ("launchctl", "print")}[manager]
    m.note("dies", f"1 {asked}")
    result = m.run(*UNINSTALL)
    assert (result.status, result.out) == (69, "")
    assert result.err == (f"credrelay: service uninstall: {program} was ended by signal 9\n"
                          "  the same command again does what is left\n")
    assert m.path.exists() and (m.folder / "pid").exists()
    assert m.run(*UNINSTALL).status == 0
    assert not m.path.exists() and not (m.folder / "pid").exists()


def test_launchd_is_asked_again_whether_it_has_gone(managed):
    m = managed("launchd")
    assert m.run(*INSTALL).status == 0
    m.note("lingers", "2")
    m.note("dies", "2 print")  # the first comes before bootout
    assert m.run(*UNINSTALL).status == 0
    assert not m.path.exists() and not (m.folder / "pid").exists()


def test_removed_where_the_manager_has_gone(managed):
    """A home that was brought into a container: nothing to stop, and no trace stays."""
    m = managed("systemd")
    assert m.run(*INSTALL).status == 0
    m.refuse(*UNREACHABLE["systemd"])
    m.calls()
    removed = m.run(*UNINSTALL)
    assert (removed.status, removed.out) == (0, f"removed {m.path}\nremoved {m.link}\n")
    assert m.calls() == []
    assert not m.path.exists() and not m.link.is_symlink()


def test_without_a_screen_launchd_is_asked_for_the_background(managed):
    m = managed("launchd")
    m.note("domains", USER)
    assert m.run(*INSTALL).status == 0
    assert m.calls() == [f"launchctl enable {USER}/{LABEL}", f"launchctl bootstrap {USER} {m.path}"]
    assert "<key>LimitLoadToSessionType</key>\n\t<string>Background</string>" in m.path.read_text()
    # A screen's session that begins later does not move it.
    m.note("domains", f"{GUI} {USER}")
    assert m.run(*INSTALL).out.startswith("nothing to do\n")
    assert m.run(*UNINSTALL).status == 0
    assert m.calls() == [f"launchctl bootout {USER}/{LABEL}"]


def test_secrets_stay_in_the_shell(managed):
    m = managed("systemd")
    m.world.env |= {"AWS_SECRET_ACCESS_KEY": "made-up-1", "https_proxy": "http://me:made-up-2@127.0.0.1:1"}
    installed = m.run(*INSTALL)
    assert installed.status == 0
    assert installed.err.splitlines()[0] in (
        "credrelay: warning: not given to the service, being secret: " + names
        for names in ("AWS_SECRET_ACCESS_KEY, https_proxy", "https_proxy, AWS_SECRET_ACCESS_KEY"))
    assert "made-up" not in m.path.read_text() + installed.out + installed.err


def test_a_watcher_by_hand_goes_first(managed):
    m = managed("systemd")
    with Watcher(m.world) as watcher:
        for command in (INSTALL, (*INSTALL, "-n")):
            refused = m.run(*command)
            assert (refused.status, refused.out, refused.err) == (
                75, "", f"credrelay: service install: a watcher that is not the service's runs "
                        f"(pid {watcher.pid})\n  end it first: kill {watcher.pid}\n")
        assert not m.path.exists()
    assert m.run(*INSTALL).status == 0


def test_as_json(managed):
    m = managed("systemd")
    shared = {"manager": "systemd", "unit": UNIT, "path": str(m.path), "lingers": False,
              "reachable": True}
    steps = [("write", str(m.path)), *(("run", c) for c in starting(m))]

    planned = m.run(*INSTALL, "-jn").json
    assert planned == {
        "ok": True, "command": "service install", "dry_run": True, "exit_status": 0,
        "steps": [{"do": d, "what": w, "done": False} for d, w in steps],
        "advice": "it ends when you log out; to keep it running: loginctl enable-linger",
        "text": m.run("credrelay", "service", "print").out}

    installed = m.run(*INSTALL, "-j").json
    assert installed == {
        "ok": True, "command": "service install", "dry_run": False, "exit_status": 0, **shared,
        "state": "running", "pid": 4242, "current": True,
        "steps": [{"do": d, "what": w, "done": True} for d, w in steps],
        "advice": planned["advice"]}

    status = m.run(*STATUS, "-j").json
    assert status == {"ok": True, "command": "service status", "dry_run": False, "exit_status": 0,
                      **shared, "state": "running", "pid": 4242, "current": True}

    (m.folder / "pid").unlink()
    stopped = m.run(*STATUS, "-j")
    assert stopped.status == 69 and stopped.json == {
        "ok": False, "command": "service status", "dry_run": False, "exit_status": 69, **shared,
        "state": "stopped", "current": True, "error": "failed",
        "message": "it is installed and does not run",
        "hint": "install and start it: credrelay service install"}

    printed = m.run("credrelay", "service", "print", "-j").json
    assert printed["text"] == m.path.read_text()


def test_quiet(managed):
    m = managed("systemd")
    for command in (INSTALL, STATUS, UNINSTALL):
        result = m.run(*command, "-q")
        assert (result.status, result.out) == (0, ""), command


WRONG = [  # (arguments, what is said)
    (["frobnicate"], "credrelay service: no such action: frobnicate\n  see: credrelay service --help\n"),
    ([], "credrelay service: an argument is missing: install|uninstall|status|print\n"
         "  see: credrelay service --help\n"),
    (["print", "--for", "upstart"], "credrelay: service print: 'upstart' is no service manager\n"
                                    "  it is systemd or launchd\n"),
]


@pytest.mark.parametrize("arguments, said", WRONG, ids=[str(row[0]) for row in WRONG])
def test_wrong_command_lines(world, arguments, said):
    result = world.run("credrelay", "service", *arguments)
    assert (result.status, result.out, result.err) == (64, "", said)
