"""The formats of brokers' files as the contract has them."""

from __future__ import annotations

from typing import Any

from handlers.imports.format import Format
from handlers.imports.formats import BY_ID, FORMATS
from handlers.imports.reading import MOST_ROWS
from handlers.imports.recognizing import FormatCandidate
from handlers.imports.records import MOST_COLUMNS
from handlers.imports.text import LONGEST_LINE, MOST_BYTES


def formats_document() -> dict[str, Any]:
    """The contract's ImportFormatList."""
    limits = {"maxBytes": MOST_BYTES, "maxRows": MOST_ROWS, "maxColumns": MOST_COLUMNS, "maxRowBytes": LONGEST_LINE}
    return {"items": [_format(each) for each in sorted(FORMATS, key=lambda each: each.id)], "limits": limits}


def candidate_document(candidate: FormatCandidate) -> dict[str, Any]:
    """The candidate as the contract's FormatCandidate."""
    broker = BY_ID[candidate.format_id].broker
    return {"formatId": candidate.format_id, "broker": broker, "confidence": candidate.confidence}


def _format(of: Format) -> dict[str, Any]:
    return {
        "formatId": of.id,
        "broker": of.broker,
        "kind": of.kind,
        "columns": list(of.columns),
        "needs": list(of.needs),
        "howToExport": of.how_to_export,
    }
