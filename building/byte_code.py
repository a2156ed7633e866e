"""Byte code for the runtime: taken as it is, whatever the clock says of its source, and the same in every build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# The target's interpreter runs this: byte code is its own affair.
COMPILE = """
import sys
from importlib.util import cache_from_source
from py_compile import PycInvalidationMode, compile
for line in sys.stdin:
    source, name = line.rstrip("\\n").split("\\t")
    compile(
        source,
        cfile=cache_from_source(source),
        dfile=name,
        doraise=True,
        optimize=int(sys.argv[1]),
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
"""


def compile_sources(sources: dict[Path, Path], interpreter: str, *, docstrings: bool = True) -> None:
    """Put byte code beside each source, which is to be known by the name that it has here.

    Without docstrings it has no assert statements either (Python's option -OO). Without the interpreter there is no
    byte code: everything works, and new processes take several times as long to start.
    """
    if not _is_here(interpreter):
        sys.stderr.write(f"There is no {interpreter} here, so no byte code; set RUNTIME= to one.\n")
        return
    lines = "".join(f"{source}\t{name}\n" for source, name in sources.items())
    subprocess.run([interpreter, "-c", COMPILE, "0" if docstrings else "2"], input=lines, text=True, check=True)  # noqa: S603 a setting of make


def _is_here(interpreter: str) -> bool:
    try:
        return not subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode  # noqa: S603 as above
    except FileNotFoundError:
        return False
