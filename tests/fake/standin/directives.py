"""What a test can have the client do, apart from answering; the list is at the top of ../claude."""
import os
import sys
import time

from . import quick

LINES_AT_ONCE = 16384  # 1 MiB of lines of 64 bytes


class End(Exception):
    """The run ends here, with this status, having said this."""

    def __init__(self, status=0, text="", number=0):
        super().__init__(status)
        self.status, self.text, self.signal = status, text, number


def split(prompt):
    """(name, argument) of a prompt, "" and the prompt when it is no directive."""
    name, colon, argument = prompt.partition(":")
    if name in WITH_ARGUMENT and colon:
        return name, argument
    return (prompt.strip(), "") if prompt.strip() in WITHOUT else ("", prompt)


def answer(prompt, run):
    """The text that answers PROMPT.  End when the process ends otherwise."""
    name, argument = split(prompt)
    if name:
        return {**WITH_ARGUMENT, **WITHOUT}[name](argument, run)
    words = argument.lower().replace(".", " ").replace(",", " ").split()
    return "ok" if "ok" in words else f"You said: {argument.strip()}"


def end_with_status(argument, _run):
    status, _, text = argument.partition(":")
    raise End(status=int(status), text=text)


def end_by_signal(argument, _run):
    number, _, text = argument.partition(":")
    raise End(number=int(number), text=text)


def say_on_stderr(argument, _run):
    quick.put(argument + "\n", 2)
    return "ok"


def print_much(argument, run):
    megabytes = int(argument)
    if run is not None and run.options.format != "text":
        return "".join(lines(0, megabytes * LINES_AT_ONCE))
    for i in range(megabytes):
        quick.put("".join(lines(i * LINES_AT_ONCE, (i + 1) * LINES_AT_ONCE)))
    raise End()


def lines(first, last):
    return (f"{i:063d}\n" for i in range(first, last))


def sleep(argument, _run):
    time.sleep(float(argument))
    return "ok"


def line_then_sleep(argument, run):
    seconds, _, text = argument.partition(":")
    if run is None or run.options.format == "text":
        quick.put(text + "\n")
    else:
        run.output.assistant({"type": "text", "text": text})
    return sleep(seconds, run)


def run_tool(argument, run):
    run.output.tool(argument or "hi")
    if 0 < run.options.max_turns <= run.output.turns:
        run.output.max_turns(run.options.max_turns)
        raise End(status=0 if run.output.version == 0 else 1)
    run.ask("tool result")
    return "done"


def unauthorized_midrun(_argument, run):
    run.output.tool("hi")
    run.ask("tool result", "x-test-answer: 401")
    return "done"


def revoked_midrun(_argument, run):
    run.output.tool("hi")
    run.admin("revoke", {"token": run.credential.token})
    run.ask("tool result")
    return "done"


def hash_stdin(_argument, run):
    data = run.stdin if run is not None else sys.stdin.buffer.read()
    return f"{quick.sha256(data).hexdigest()} {len(data)}"


def report(_argument, _run):
    from _signal import SIG_BLOCK, pthread_sigmask

    return quick.dumps({
        "argv": sys.argv, "env": dict(os.environ), "fds": descriptors(), "cwd": os.getcwd(),
        "pid": os.getpid(), "ppid": os.getppid(), "pgid": os.getpgrp(),
        "blocked": sorted(int(s) for s in pthread_sigmask(SIG_BLOCK, []))})


def descriptors():
    """{number: what it is} of the open ones."""
    found = {}
    for name in sorted(os.listdir("/dev/fd"), key=int):
        try:
            os.fstat(int(name))
            found[name] = os.readlink(f"/dev/fd/{name}")
        except OSError:
            if is_open(int(name)):
                found[name] = "open"  # no links in macOS's /dev/fd
    return found


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


WITH_ARGUMENT = {
    "say": lambda argument, _run: argument, "exit": end_with_status, "signal": end_by_signal,
    "stderr": say_on_stderr, "mib": print_much, "sleep": sleep, "line-sleep": line_then_sleep,
    "tool": run_tool,
}
WITHOUT = {
    "stdin?": hash_stdin, "tool": run_tool, "midrun-401": unauthorized_midrun,
    "midrun-revoked": revoked_midrun, "report": report,
}
