"""The demo shows what the README says, and fails when something is not as promised."""
import os
import re
import shutil

from harness.world import PREFIX, TESTS

ROOT = TESTS.parent
DEMO = ROOT / "scripts" / "demo"


def transcript():
    """The lines of the demo that the README quotes."""
    return re.search(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1].splitlines()


def test_it_shows_what_the_readme_quotes(world):
    shown = world.run(DEMO, PREFIX)
    assert (shown.status, shown.err) == (0, ""), shown
    lines = iter(shown.out.splitlines())
    for quoted in transcript():
        assert quoted in lines, f"not shown, or not in this order: {quoted}"
    assert re.search(r"^\d+ checks passed: ", shown.out, re.M)


def test_it_leaves_nothing_behind_and_no_colour_in_a_pipe(world):
    before = sorted(os.listdir(world.home))
    shown = world.run(DEMO, PREFIX)
    assert sorted(os.listdir(world.home)) == before
    assert "\033" not in shown.out
    assert str(world.home) not in shown.out


def broken(world, name, text):
    """An installation like ours in which one program is another."""
    prefix = world.home / "prefix"
    shutil.copytree(PREFIX, prefix, symlinks=True)
    program = prefix / "bin" / name
    program.unlink()
    program.write_text(text)
    program.chmod(0o755)
    return prefix


def test_it_fails_when_the_wrapper_does_not_recover(world):
    shown = world.run(DEMO, broken(world, "claude-p", "#!/bin/sh\nexec claude -p \"$@\"\n"))
    assert shown.status == 1
    assert "NOT AS PROMISED: standard output is the answer, and nothing else" in shown.out
    assert "checks passed" not in shown.out


def test_it_fails_when_the_answer_is_right_but_nothing_is_said(world):
    shown = world.run(DEMO, broken(world, "claude-p", "#!/bin/sh\necho ok\n"))
    assert shown.status == 1
    assert "NOT AS PROMISED: standard error is the line of the recovery" in shown.out


def test_it_says_when_there_is_nothing_to_show(world):
    shown = world.run(DEMO, world.home)
    assert (shown.status, shown.out) == (69, "")
    assert shown.err == f"scripts/demo: no claude-p in {world.home}/bin\n"
