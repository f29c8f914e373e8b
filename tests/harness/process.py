"""What becomes of processes, by /proc."""


def gone(pid):
    """It has ended, whether somebody has asked for its status or not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, or before it was read
        return True
