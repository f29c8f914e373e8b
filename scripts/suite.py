"""How the tests are run: what scripts/check and scripts/mutants have in common.

Whatever runs a program of ours runs with a HOME of its own and an environment built from nothing."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

# nohup, or a shell that puts us into the background, has us ignore these, and with us all that the tests start.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def temporary_home():
    home = tempfile.mkdtemp(prefix="credrelay-check.")
    Path(home, ".credrelay-test-home").touch()
    try:
        yield home
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", home], stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


def python_with(modules):
    return subprocess.run([ROOT / "scripts" / "python-with", modules], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def clean(home, **more):
    return {"HOME": home, "TMPDIR": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1", "MOTO_PYTHON": python_with("moto"), **more}


def pytest(folder, home, arguments, report, log, cwd=ROOT, timeout=None, **more):
    """Run tests of the programs staged in FOLDER; what each came to goes to REPORT (junit).  The exit
    status of pytest."""
    report.unlink(missing_ok=True)
    environment = clean(home, CREDRELAY_PREFIX=str(folder / "stage" / "usr" / "local"),
                        CREDRELAY_BUILD=str(folder), **more)
    with open(log, "w") as out:
        return run_bounded(
            [python_with("pytest,xdist,aiosmtpd"), "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-n", os.environ.get("CHECK_JOBS", "4"), "--durations=8", f"--junitxml={report}",
             f"--basetemp={home}/tests", *arguments], timeout, cwd=cwd, env=environment, stdout=out)


def run_bounded(argv, timeout, **options):
    """The exit status.  With a TIMEOUT it has a session of its own, which ends with it: what a test that
    failed has left behind must hold nobody up."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                               start_new_session=timeout is not None, **options)
    try:
        return process.wait(timeout)
    finally:
        if timeout is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
