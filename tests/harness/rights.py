"""Root is allowed everything, which hides what a permission does: run a program without that.

    world.run(program, preexec_fn=obey_permissions)

The program stays the same user, so it reaches its own files wherever they are."""
import ctypes
import os

_PR_CAPBSET_DROP = 24  # linux/prctl.h
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_FOWNER = 1, 2, 3  # linux/capability.h
_libc = ctypes.CDLL(None)


def obey_permissions():
    """Between fork and exec: root loses what lets it write and read against the mode bits.  Others
    never had it."""
    drop(_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_FOWNER)


def drop(*capabilities):
    if os.geteuid() == 0:
        for capability in capabilities:
            if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError("cannot drop a capability: run the tests as an ordinary user")


_CAP_SYS_PTRACE, _CAP_SYS_ADMIN, _CAP_PERFMON = 19, 21, 38  # linux/capability.h


def look_at_nobody():
    """Between fork and exec: root loses the right to look into processes closed to their own user.
    Two processes started so may look at each other as two of an ordinary user may."""
    drop(_CAP_SYS_PTRACE, _CAP_SYS_ADMIN, _CAP_PERFMON)
