"""What Google loads of a function's zip, where a copy of this file lies as `main.py`.

It offers the handler that `glacier.json` names over HTTP, to callers and to the schedule alike.
"""

from importlib import import_module
from typing import Any

# The handler is loaded for the first call: Google's server loads this file and forks then, and
# Polars does not survive that once it has worked.
_function: Any = import_module("glacier_http_handler").HttpHandler.beside(__file__)


def call(request: Any) -> tuple[str, int, dict[str, str]]:  # Any: of Flask, which Google brings
    """Return the handler's answer to a payload, or what it has raised."""
    answer = _function.call(request.get_data())
    return answer.text, answer.status, {**answer.headers, "Content-Type": "application/json"}
