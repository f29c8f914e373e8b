"""A store that does one thing wrong: `store = proxy:PATH`, served by a program of the test's own
that asks the embedded store at local:PATH.

    proxy = ProxyStore(world, "if now('put 2'): sys.exit(1)")
    world.run("credrelay", "publish")
    assert proxy.calls() == ["get", "get renewable", "put renewable", "put"]

The text is Python; what it may use is in fake/proxied.py.  When it says nothing, the answer of the
real store is told.
"""
import sys

from harness.world import FAKE, LIBEXEC


class ProxyStore:
    def __init__(self, world, text="", database=None):
        self.world = world
        self.folder = world.home / "proxy"
        self.folder.mkdir(exist_ok=True)
        self.database = database or world.home / "store.db"
        self.url = f"proxy:{self.database}"
        world.env.update({"PROXY_FOLDER": str(self.folder), "PROXY_LOCAL": str(LIBEXEC / "store-local")})
        self.behave(text)

    def behave(self, text=""):
        """From now on misbehave like this; the count of calls begins again."""
        self.world.program("credrelay-store-proxy", f"#!{sys.executable} -IS\nimport sys\n"
                           f"sys.path.insert(0, {str(FAKE)!r})\nfrom proxied import *\n"
                           f"{text}\ntell(ask())\n")
        (self.folder / "calls").unlink(missing_ok=True)

    def calls(self):
        """["get", "get renewable", "put", ...] in the order they came."""
        try:
            return (self.folder / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []
