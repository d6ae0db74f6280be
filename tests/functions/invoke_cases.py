"""Calls of functions in the zip that was deployed, and what comes back of what goes wrong there."""

import re
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import pytest

from glacier import Serverless
from glacier.errors import FunctionError, PayloadError
from tests.projects import Project

Deploy: TypeAlias = Callable[..., Serverless]
"""Deploys a handler under a name, with the fields of the platform's config by keyword."""

MANY = """
import os, sys, time

calls = []

def find(customer):
    raise LookupError(f"no such customer: {customer}")

def run(payload):
    calls.append(payload)
    if "customer" in payload:
        return find(payload["customer"])
    if "exit" in payload:
        sys.exit(payload["exit"])
    if "die" in payload:
        os._exit(payload["die"])
    if "answer" in payload:
        return {"list": [1], "set": {"keys": {1}}, "nan": {"rate": float("nan")}}[payload["answer"]]
    if "length" in payload:
        return {"length": len(payload["length"])}
    if "variable" in payload:
        return {"value": os.environ.get(payload["variable"])}
    return {
        "calls": len(calls),
        "file": __file__,
        "path": [one for one in sys.path if "site-packages" in one],
    }
"""


def deploy_many(deploy: Deploy, project: Project) -> Serverless:
    """Deploy a function that does what its payload says; the same each time, so made once."""
    module = project.module(MANY, "many_handlers")
    return deploy(f"{module}:run", name="many", environment={"MODE": "fast"})


class InvokeCases:
    """What holds of calls on every platform; a subclass's module binds `many` and `deploy`.

    Attributes:
        unpacked: Where the zip's files lie, as an expression.
        ended: What is said of a handler whose process ends with 5.
        timed_out: What is said of a handler that takes longer than a second.
        not_packed: What is said of one that imports `pluggy`, which the zip has not.
    """

    unpacked: ClassVar[str]
    ended: ClassVar[str]
    timed_out: ClassVar[str]
    not_packed: ClassVar[str]

    def test_invoke_runs_in_the_unpacked_zip(self, many: Serverless) -> None:
        answer = many.invoke({})

        assert re.fullmatch(rf"{self.unpacked}/many_handlers\.py", answer["file"])
        assert answer["path"] == []

    def test_invoke_keeps_a_process_for_the_next_call(self, many: Serverless) -> None:
        first = many.invoke({})["calls"]

        assert [many.invoke({})["calls"] for _ in range(2)] == [first + 1, first + 2]

    def test_invoke_of_a_failing_handler_has_its_type_and_trace(self, many: Serverless) -> None:
        with pytest.raises(FunctionError, match="'many' failed: LookupError: no such cu") as caught:
            many.invoke({"customer": 7})

        error = vars(caught.value)
        assert (error["function_name"], error["error_type"]) == ("many", "LookupError")
        assert re.search(r'many_handlers.py", line \d+, in find\n', error["remote_traceback"])
        assert error["remote_traceback"].rstrip() in str(caught.value)

    def test_invoke_of_a_handler_that_exits_says_so(self, many: Serverless) -> None:
        with pytest.raises(FunctionError, match=r"(?s)failed: SystemExit: 3\..*sys\.exit\("):
            many.invoke({"exit": 3})

    def test_invoke_of_a_handler_whose_process_ends_says_so(self, many: Serverless) -> None:
        with pytest.raises(FunctionError, match=self.ended):
            many.invoke({"die": 5})

        assert many.invoke({"length": "x"}) == {"length": 1}

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ("list", r"Expected the answer of 'many' to be a JSON object \(a dict\), got list\."),
            ("set", r"The answer of 'many' holds what JSON can't: \['keys'\] is a set"),
            ("nan", r"\['rate'\] is nan, which is no JSON number"),
        ],
    )
    def test_answer_that_is_no_json_object_fails_as_on_this_machine(
        self, many: Serverless, answer: str, message: str
    ) -> None:
        with pytest.raises(PayloadError, match=message):
            many.invoke({"answer": answer})

    def test_environment_of_the_config_is_the_functions(self, many: Serverless) -> None:
        assert many.invoke({"variable": "MODE"}) == {"value": "fast"}

    def test_payload_of_megabytes_arrives(self, many: Serverless) -> None:
        assert many.invoke({"length": "x" * 5_000_000}) == {"length": 5_000_000}

    def test_invoke_of_a_slow_handler_times_out(self, deploy: Deploy, project: Project) -> None:
        module = project.module(
            """
            import time

            def run(payload):
                print("on the way", flush=True)
                time.sleep(payload["seconds"])
            """
        )
        function = deploy(f"{module}:run", timeout_seconds=1)

        with pytest.raises(FunctionError, match=self.timed_out):
            function.invoke({"seconds": 30})

        assert function.invoke({"seconds": 0}) == {}

    def test_invoke_without_a_package_that_is_needed_names_it(
        self, deploy: Deploy, project: Project
    ) -> None:
        # What is imported by a computed name can't be found in the sources.
        module = project.module(
            """
            import importlib

            importlib.import_module("plug" + "gy")

            def run(payload):
                return {}
            """
        )
        function = deploy(f"{module}:run")

        with pytest.raises(FunctionError, match=self.not_packed):
            function.invoke({})
