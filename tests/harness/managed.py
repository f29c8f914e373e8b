"""A machine whose service manager is the stand-in (fake/managers.py)."""
import os
import sys

from harness.world import FAKE

UNIT = "credrelay-watch.service"
LABEL = "dev.credrelay.watch"
GUI, USER = f"gui/{os.getuid()}", f"user/{os.getuid()}"


class Managed:
    """A machine with a stand-in for MANAGER first on PATH."""

    def __init__(self, world, manager):
        self.world = world
        self.manager = manager
        self.folder = world.home / "manager"
        self.folder.mkdir()
        program = {"systemd": "systemctl", "launchd": "launchctl"}[manager]
        world.program(program, f"#!{sys.executable} -IS\nimport sys\n"
                               f"sys.path.insert(0, {str(FAKE)!r})\n"
                               f"from managers import main\nmain({program!r}, sys.argv[1:])\n")
        self.path = world.home / {"systemd": f".config/systemd/user/{UNIT}",
                                  "launchd": f"Library/LaunchAgents/{LABEL}.plist"}[manager]
        self.link = self.path.parent / "default.target.wants" / UNIT
        if manager == "launchd":
            self.note("domains", f"{GUI} {USER}")

    def note(self, name, text):
        (self.folder / name).write_text(text)

    def refuse(self, words, message):
        self.note("refuse", f"{words}\t{message}\n")

    def run(self, *argv, **more):
        return self.world.run(*argv, "--for", self.manager, **more)

    def calls(self):
        """What the manager was told since the last time, questions aside."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [l for l in lines if " show " not in l and " print " not in l]
