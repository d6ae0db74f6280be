"""Runs in the process of a function app: loads `function_app.py` and calls its functions.

It does what the host and its Python worker do: it finds the app in the module, lists its functions
by their bindings, and calls them with the classes of the `azure.functions` library that the app
brought along. It imports nothing of this repository.
"""

import base64
import importlib
import json
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Functions = dict[str, tuple[list[dict[str, Any]], Callable[..., Any]]]


def main() -> None:
    """Tell what functions there are, then answer calls until nobody asks any more."""
    connection = Connection(int(sys.argv[1]))
    try:
        functions = load()
    except BaseException:  # noqa: BLE001 - of whatever the app is made of
        connection.send_bytes(json.dumps({"error": traceback.format_exc()}).encode())
        return
    listed = [{"name": name, "bindings": bound} for name, (bound, _) in functions.items()]
    connection.send_bytes(json.dumps({"functions": listed}).encode())
    while True:
        try:
            asked = json.loads(connection.recv_bytes())
        except EOFError:
            return
        bindings, function = functions[asked["name"]]
        connection.send_bytes(json.dumps(called(function, bindings, asked)).encode())


def load() -> Functions:
    """Return the app's functions with their bindings, by their names."""
    import azure.functions as func

    module = importlib.import_module("function_app")
    apps = [one for one in vars(module).values() if isinstance(one, func.FunctionApp)]
    if len(apps) != 1:
        raise ValueError(f"Expected one FunctionApp at the module's top level, found {len(apps)}")
    return {
        str(one.get_function_name()): (json.loads(str(one))["bindings"], one.get_user_function())
        for one in apps[0].get_functions()
    }


def called(
    function: Callable[..., Any], bindings: list[dict[str, Any]], asked: dict[str, Any]
) -> dict[str, Any]:
    """Return what a function answers, or the traceback of what it raises."""
    import azure.functions as func
    from azure.functions.timer import TimerRequest

    given: func.HttpRequest | TimerRequest
    trigger = bindings[0]
    if trigger["type"] == "timerTrigger":
        given = TimerRequest(past_due=False)
    else:
        given = func.HttpRequest(
            asked["method"],
            asked["url"],
            headers=asked["headers"],
            params=asked["params"],
            route_params={},
            body=base64.b64decode(asked["body"]),
        )
    try:
        answer = function(**{trigger["name"]: given})
    except BaseException:  # noqa: BLE001 - of whatever the app is made of
        return {"error": traceback.format_exc()}
    if answer is None:
        return {}
    headers = {**dict(answer.headers), "Content-Type": f"{answer.mimetype}; charset=utf-8"}
    body = base64.b64encode(answer.get_body()).decode()
    return {"status": answer.status_code, "headers": headers, "body": body}


if __name__ == "__main__":
    main()
