"""Compiles byte code for the Lambda runtime. It is valid whatever the sources' timestamps, and reproducible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Run by the target's interpreter, since the format of byte code depends on its version.
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


def compile_sources(sources: dict[Path, Path], interpreter: str, *, asserts: bool = True) -> None:
    """Compile each source into the `__pycache__` beside it. Tracebacks show the name that is given for it.

    If the interpreter is not installed, nothing is compiled: functions then work, but take several times as long to
    start.

    asserts: whether assert statements are compiled.
    """
    if not _is_here(interpreter):
        sys.stderr.write(f"{interpreter} is not installed, so nothing is compiled to byte code; set RUNTIME= to it.\n")
        return
    lines = "".join(f"{source}\t{name}\n" for source, name in sources.items())
    subprocess.run([interpreter, "-c", COMPILE, "0" if asserts else "1"], input=lines, text=True, check=True)


def _is_here(interpreter: str) -> bool:
    try:
        return not subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False
