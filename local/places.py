"""Paths of the project, its tools, and the folder with all data of local runs."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build" / "local"  # output of `make build-local`: as for AWS, but for this machine
KEPT = Path(os.environ.get("LOCAL_DATA") or ROOT / ".local")
ENDPOINTS = KEPT / "endpoints.json"

EMULATOR_PYTHON = ROOT / ".tools" / "emulator" / "bin" / "python"
LAMBDA_PYTHON = ROOT / ".tools" / "lambda" / "bin" / "python"  # an environment with boto3 only, like the Lambda runtime
