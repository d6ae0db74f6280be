"""What Resource Manager answers with."""

from typing import Any


def error(code: str, message: str) -> dict[str, Any]:
    """Return an error as Resource Manager tells it."""
    return {"error": {"code": code, "message": message}}
