"""How the tests are run: what scripts/check and scripts/mutants have in common.

Whatever runs a program of ours runs with a HOME of its own and an environment built from nothing."""
import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

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
        return subprocess.run(
            [python_with("pytest,xdist,aiosmtpd"), "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-n", os.environ.get("CHECK_JOBS", "4"), "--durations=8", f"--junitxml={report}",
             f"--basetemp={home}/tests", *arguments],
            cwd=cwd, env=environment, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            timeout=timeout).returncode
