"""What Azure loads of a function's zip, where a copy of this file lies as `function_app.py`.

It offers the handler that `glacier.json` names over HTTP and, where it has a schedule, to a timer.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import azure.functions as func

_manifest = json.loads(Path(__file__).with_name("glacier.json").read_text(encoding="utf-8"))
_function: Any = import_module("glacier_http_handler").HttpHandler(_manifest)
_function.load()
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name(name=_manifest["route"])
@app.route(route=_manifest["route"], methods=["POST"])
def call(req: func.HttpRequest) -> func.HttpResponse:
    """Return the handler's answer to a payload, or what it has raised."""
    answer = _function.call(req.get_body())
    return func.HttpResponse(
        answer.text,
        status_code=answer.status,
        headers=answer.headers,
        mimetype="application/json",
    )


if _manifest["schedule"] is not None:

    @app.function_name(name=_manifest["timer"])
    @app.timer_trigger(arg_name="timer", schedule=_manifest["schedule"])
    def call_on_schedule(timer: func.TimerRequest) -> None:  # noqa: ARG001 - Azure passes it
        """Call the handler with an empty payload; an error fails the call in Azure's log."""
        _function.call_on_schedule()
