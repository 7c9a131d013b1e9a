"""The `payload` of a read of the HR API."""

import json
from typing import Any, Protocol


class Query(Protocol):
    """One of the generated `...Query` classes."""

    def to_dict(self) -> dict[str, Any]: ...


def payload(query: Query) -> str:
    """The JSON text of the query. The API verifies the signature of exactly this text."""
    return json.dumps(query.to_dict(), ensure_ascii=False, separators=(",", ":"))
