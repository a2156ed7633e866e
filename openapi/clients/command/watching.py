"""Watches a folder, and imports each file that is put there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from .api import Refused
from .terminal import Terminal

EVERY = 1.0  # seconds
KINDS = (".csv", ".htm", ".html", ".tsv", ".txt", ".xml")

Import = Callable[[Path], bool]


class Folder:
    """The files of a folder, each told once for each content that it has."""

    def __init__(self, path: Path) -> None:
        """The folder at this path."""
        self._path = path
        self._looks: dict[Path, tuple[int, int]] = {}
        self._told: dict[str, Path] = {}

    def complete(self) -> list[Path]:
        """Files that are new, or have changed, and that nobody has written to since the last look."""
        found = []
        looks = {}
        for file in sorted(self._path.iterdir()):
            if file.name.startswith(".") or file.suffix.lower() not in KINDS or not file.is_file():
                continue
            stat = file.stat()
            looks[file] = look = (stat.st_size, stat.st_mtime_ns)
            if look != self._looks.get(file) or not stat.st_size:
                continue
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            if digest not in self._told:
                self._told[digest] = file
                found.append(file)
        self._looks = looks
        return found

    def tell_again(self, file: Path) -> None:
        """Have this file told by the next look, too."""
        self._told = {digest: told for digest, told in self._told.items() if told != file}


def watch(folder: Path, terminal: Terminal, import_file: Import, sleep: Callable[[float], object] = time.sleep) -> None:
    """Import what comes into the folder, until somebody presses Ctrl-C. What cannot be imported is told
    and left; what the network or a service was in the way of is tried again."""
    terminal.say(f"Watching {folder} for {', '.join(KINDS)} files. Ctrl-C ends it.")
    known = Folder(folder)
    while True:
        try:
            files = known.complete()
        except OSError as error:  # as one that was moved away since it was listed
            terminal.complain(f"The folder could not be read: {error}")
            files = []
        for file in files:
            try:
                import_file(file)
            except Refused as refusal:
                terminal.complain(f"{file.name}: {refusal}")
                if refusal.passes:
                    known.tell_again(file)
            except OSError as error:
                terminal.complain(f"{file.name}: {error}")
        sleep(EVERY)
