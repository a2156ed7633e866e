"""The memory of a process."""

from pathlib import Path


def peak_megabytes(pid: int | str = "self") -> float:
    """The peak memory of this process, or of another one; 0 of one that has ended. getrusage is not used, since its
    figure includes the parent's memory.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0) / 1024
