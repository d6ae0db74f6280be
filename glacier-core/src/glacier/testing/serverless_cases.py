"""Cases of serverless functions: JSON on both sides, and errors that say what happened."""

import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from glacier.errors import FunctionError, PayloadError
from glacier.testing.base import Cases
from glacier.testing.rig import Rig


class ServerlessCases(Cases):
    """The contract of `Serverless` over a `ServerlessAdapter`."""

    @pytest.fixture
    def handlers(self, tmp_path: Path) -> Iterator[ModuleType]:
        """The handlers as a module of their own, which a platform can package and import."""
        name = f"handlers_{uuid4().hex}"
        file = tmp_path / f"{name}.py"
        shutil.copy(Path(__file__).with_name("handlers.py"), file)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        yield module
        del sys.modules[name]

    def test_invoke_gives_the_answer(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.echo)

        answer = function.invoke({"number": 1})

        assert answer == {"payload": {"number": 1}}

    def test_invoke_carries_nested_payloads(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.echo)
        payload = {"rows": [{"a": [1, 2.5, None]}, {"b": {"c": True}}], "empty": {}, "none": []}

        assert function.invoke(payload) == {"payload": payload}

    def test_invoke_carries_unicode(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.echo)
        payload = {"Ключ": "数据 🧊 \u2028 \x7f"}

        assert function.invoke(payload) == {"payload": payload}

    def test_invoke_carries_an_empty_payload(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.echo)

        assert function.invoke({}) == {"payload": {}}

    def test_invoke_shows_the_handler_what_json_makes_of_a_payload(
        self, rig: Rig, handlers: ModuleType
    ) -> None:
        function = rig.serverless(handlers.describe)

        answer = function.invoke({"pair": (1, 2), "number": 1, "text": "x", "nothing": None})

        assert answer == {"pair": "list", "number": "int", "text": "str", "nothing": "NoneType"}

    def test_invoke_keeps_the_callers_payload(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.change)
        payload = {"number": 1}

        answer = function.invoke(payload)

        assert payload == {"number": 1}
        assert answer == {"number": 1, "changed": True}

    def test_invoke_can_be_repeated(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.echo)

        answers = [function.invoke({"number": number}) for number in range(3)]

        assert [answer["payload"]["number"] for answer in answers] == [0, 1, 2]

    @pytest.mark.parametrize(
        "payload",
        [{"bytes": b"x"}, {"keys": {1}}, {"object": object()}, {"number": float("nan")}],
        ids=["bytes", "set", "object", "nan"],
    )
    def test_payload_that_is_not_json_is_refused(
        self, rig: Rig, handlers: ModuleType, payload: dict[str, Any]
    ) -> None:
        function = rig.serverless(handlers.echo)

        with pytest.raises(PayloadError, match="payload"):
            function.invoke(payload)

    @pytest.mark.parametrize("payload", [[1], "text", None], ids=["list", "text", "none"])
    def test_payload_that_is_no_object_is_refused(
        self, rig: Rig, handlers: ModuleType, payload: Any
    ) -> None:
        function = rig.serverless(handlers.echo)

        with pytest.raises(PayloadError, match="payload"):
            function.invoke(payload)

    @pytest.mark.parametrize("handler", ["answer_a_list", "answer_a_set"])
    def test_answer_that_is_no_json_object_is_an_error(
        self, rig: Rig, handlers: ModuleType, handler: str
    ) -> None:
        function = rig.serverless(getattr(handlers, handler))

        with pytest.raises(FunctionError):
            function.invoke({"number": 1})

    def test_answer_of_none_is_an_empty_object(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.answer_nothing)

        assert function.invoke({"number": 1}) == {}

    def test_handler_that_raises_fails_with_its_error(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.fail)

        with pytest.raises(FunctionError, match="ValueError: no such customer: 7"):
            function.invoke({"customer": 7})

    def test_handler_that_raised_can_be_called_again(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.fail)

        for customer in (1, 2):
            with pytest.raises(FunctionError, match=f"no such customer: {customer}"):
                function.invoke({"customer": customer})

    def test_deploy_can_be_repeated(self, rig: Rig, handlers: ModuleType) -> None:
        function = rig.serverless(handlers.echo)

        function.deploy()

        assert function.invoke({"number": 1}) == {"payload": {"number": 1}}

    def test_package_is_a_zip_with_the_handlers_source(
        self, rig: Rig, handlers: ModuleType
    ) -> None:
        function = rig.serverless(handlers.echo)

        package = function.package()

        with zipfile.ZipFile(package) as archive:
            assert f"{handlers.__name__}.py" in archive.namelist()
