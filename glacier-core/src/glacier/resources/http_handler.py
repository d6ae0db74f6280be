"""What answers calls over HTTP in a function's zip, where a copy of this file lies.

It calls the handler that `glacier.json` names, as this machine calls it: a payload in, a JSON
object out. It imports nothing of Glacier, which most functions don't bring along, but a copy of
`glacier.resources.json_border`, and nothing of a platform: what the platform loads asks it.
"""

import json
import threading
import traceback
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple  # payloads are any JSON

MARK = "x-glacier"
"""The header by which the caller tells an answer of this file from one of the platform's own:
`answer`, or what has failed, with the error as JSON in the body."""


class HttpAnswer(NamedTuple):
    """What a call is answered with."""

    text: str
    status: int
    headers: dict[str, str]


class HttpHandler:
    """A function's handler, once it is needed.

    Args:
        manifest: What `glacier.json` says.
    """

    def __init__(self, manifest: dict[str, Any]) -> None:
        self._name, self._path = manifest["function_name"], manifest["handler"]
        self._border: Any = import_module("glacier_json_border")
        self._lock = threading.RLock()
        self._handler: Any = None
        self._failure: BaseException | None = None

    @classmethod
    def beside(cls, file: str) -> "HttpHandler":
        """Return the one that the `glacier.json` beside a file describes."""
        manifest = Path(file).with_name("glacier.json").read_text(encoding="utf-8")
        return cls(json.loads(manifest))

    def load(self) -> None:
        """Import the handler; why that fails is kept for whoever calls.

        A platform says nothing of it to a caller.
        """
        with self._lock:
            if self._handler is not None or self._failure is not None:
                return
            module, _, attribute = self._path.partition(":")
            try:
                self._handler = attrgetter(attribute)(import_module(module))
            except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
                self._failure = error

    def call(self, body: bytes) -> HttpAnswer:
        """Return the answer to a payload; that of None is an empty object."""
        self.load()
        if self._failure is not None:
            return _failed("start", self._failure)
        try:
            payload = self._border.decoded(body, what=f"the payload of {self._name!r}")
        except self._border.NotJsonError as error:
            return _failed("payload", error)
        try:
            answer = self._handler(payload)
        except BaseException as error:  # noqa: BLE001 - an exit, or a panic of Polars, too
            return _failed("error", error)
        what = f"the answer of {self._name!r}"
        try:
            text = self._border.encoded({} if answer is None else answer, what=what)
        except self._border.NotJsonError as error:
            return _failed("payload", error)
        return HttpAnswer(text, 200, {MARK: "answer"})

    def call_on_schedule(self) -> None:
        """Call the handler with an empty payload; an error is raised, for the platform's log."""
        self.load()
        if self._failure is not None:
            raise self._failure
        self._handler({})


def _failed(kind: str, error: BaseException) -> HttpAnswer:
    content = {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
    return HttpAnswer(json.dumps(content), 500, {MARK: kind})
