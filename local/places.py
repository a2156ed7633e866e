"""Where things are: the project, its tools, and the folder that holds everything a local run keeps."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build" / "local"  # what `make build-local` makes: as for AWS, but for this interpreter and processor
KEPT = Path(os.environ.get("LOCAL_DATA") or ROOT / ".local")
ENDPOINTS = KEPT / "endpoints.json"

EMULATOR_PYTHON = ROOT / ".tools" / "emulator" / "bin" / "python"
LAMBDA_PYTHON = ROOT / ".tools" / "lambda" / "bin" / "python"  # holds boto3 and nothing else, as the runtime does
