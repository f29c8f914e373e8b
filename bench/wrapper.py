"""What one would write first: run the client, look for the phrase, print what it said."""
import subprocess
import sys

run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
if run.returncode != 0 and "/login" in run.stdout:
    print("login lapsed", file=sys.stderr)
print(run.stdout, end="")
sys.exit(run.returncode)
