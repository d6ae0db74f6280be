"""What Azure loads of a function's zip, where a copy of this file lies as `function_app.py`.

It offers the handler that `glacier.json` names over HTTP and, where it has a schedule, to a timer.
The handler is called as this machine calls it: a payload in, a JSON object out. It imports nothing
of Glacier, which most functions don't bring along, but a copy of `glacier.resources.json_border`.
"""

import json
import traceback
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any  # payloads are any JSON

import azure.functions as func

MARK = "x-glacier"
"""The header by which the caller tells an answer of this file from one of Azure's own: `answer`,
or what has failed, with the error as JSON in the body."""

_manifest = json.loads(Path(__file__).with_name("glacier.json").read_text(encoding="utf-8"))
_border: Any = import_module("glacier_json_border")
_name = _manifest["function_name"]


def _loaded() -> tuple[Any, BaseException | None]:
    """Return the handler, or why it can't be loaded.

    Azure shows no function of a module that fails, and says nothing of it to a caller.
    """
    module, _, attribute = _manifest["handler"].partition(":")
    try:
        return attrgetter(attribute)(import_module(module)), None
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        return None, error


_handler, _failure = _loaded()
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name(name=_manifest["route"])
@app.route(route=_manifest["route"], methods=["POST"])
def call(req: func.HttpRequest) -> func.HttpResponse:
    """Return the handler's answer to a payload; an empty object for None."""
    if _failure is not None:
        return _failed("start", _failure)
    what = f"the answer of {_name!r}"
    try:
        payload = _border.decoded(req.get_body(), what=f"the payload of {_name!r}")
    except _border.NotJsonError as error:
        return _failed("payload", error)
    try:
        answer = _handler(payload)
    except BaseException as error:  # noqa: BLE001 - an exit, or a panic of Polars, too
        return _failed("error", error)
    try:
        text = _border.encoded({} if answer is None else answer, what=what)
    except _border.NotJsonError as error:
        return _failed("payload", error)
    return func.HttpResponse(text, headers={MARK: "answer"}, mimetype="application/json")


if _manifest["schedule"] is not None:

    @app.function_name(name=_manifest["timer"])
    @app.timer_trigger(arg_name="timer", schedule=_manifest["schedule"])
    def call_on_schedule(timer: func.TimerRequest) -> None:  # noqa: ARG001 - Azure passes it
        """Call the handler with an empty payload; an error fails the call in Azure's log."""
        if _failure is not None:
            raise _failure
        _handler({})


def _failed(kind: str, error: BaseException) -> func.HttpResponse:
    content = {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
    return func.HttpResponse(
        json.dumps(content), status_code=500, headers={MARK: kind}, mimetype="application/json"
    )
