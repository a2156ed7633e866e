"""The two clients as they are published, unpacked from their tarball and their wheel, and a deployed stack."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack, running_stack
from openapi.clients.generators import PYTHON, run
from openapi.generate import ROOT

DIST = ROOT / "dist" / "clients"
TESTS = Path(__file__).parent


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The built template, deployed."""
    with running_stack() as running:
        yield running


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the TypeScript client installed and its programs beside it."""
    folder = tmp_path_factory.mktemp("typescript")
    (tarball,) = (DIST / "typescript").glob("*.tgz")
    with tarfile.open(tarball) as packed:
        # Python 3.11 knows filters from 3.11.4 on.
        packed.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        packed.extractall(folder)  # noqa: S202 - the package that was built here
    shutil.copytree(folder / "package", folder / "node_modules" / "trading-journal-client")
    types = ROOT / ".tools" / "clients-node" / "node_modules"
    for needed in ("@types/node", "undici-types"):
        shutil.copytree(types / needed, folder / "node_modules" / needed)
    for program in TESTS.glob("*.ts"):
        shutil.copy(program, folder)
    (folder / "package.json").write_text('{"type": "module", "private": true}', "utf-8")
    return folder


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Python client installed and its programs beside it."""
    folder = tmp_path_factory.mktemp("python")
    (wheel,) = (DIST / "python" / "dist").glob("*.whl")
    uv = ROOT / ".tools" / "uv" / "bin" / "uv"
    run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--offline",
            "--no-deps",
            "--python",
            PYTHON / "python",
            "--target",
            folder,
            wheel,
        ],
        folder,
    )
    for program in ("story.py", "session_program.py"):
        shutil.copy(TESTS / program, folder)
    return folder
