"""What all case classes share: tests that can't be replaced, and gaps that expire."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import pytest

from glacier.testing.rig import Rig

TestT = TypeVar("TestT", bound=Callable[..., Any])  # Any: tests take whatever fixtures they need

# Without this a failed assert of a case would not show its values. pytest has to hear of it
# before those modules are imported; so `__init__` imports this one first.
pytest.register_assert_rewrite(
    *(
        f"glacier.testing.{name}"
        for name in (
            "bucket_dataset_cases",
            "bucket_name_cases",
            "bucket_read_cases",
            "bucket_write_cases",
            "executor_base",
            "executor_control_cases",
            "executor_function_cases",
            "executor_script_cases",
            "serverless_cases",
            "table_cases",
        )
    )
)


def needs(capability: str) -> Callable[[TestT], TestT]:
    """Mark a test as one that fails where the rig's attribute `capability` is false."""

    def mark(test: TestT) -> TestT:
        test.__dict__["needed_capability"] = capability
        return test

    return mark


class Cases:
    """Base of all case classes; a subclass in a test module runs them with its `rig` fixture.

    A gap that the rig declares is a strict xfail: once its test passes it fails, so that no
    gap outlives its reason.

    Raises:
        TypeError: A subclass replaces a shared test, or combines two of one name.
    """

    shared_tests: ClassVar[set[str]] = set()
    """The names of the tests of all case classes."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        owners: dict[str, list[str]] = {}
        for base in cls.__mro__:
            for name in vars(base):
                if name.startswith("test_"):
                    owners.setdefault(name, []).append(base.__name__)
        for name, classes in owners.items():
            if len(classes) > 1:
                raise TypeError(
                    f"{cls.__name__} would silently replace the shared test {name} of "
                    f"{classes[-1]} by that of {classes[0]}. Give the new test another name; "
                    "declare what the platform can't do in known_gaps of its rig."
                )
        cls.shared_tests.update(owners)

    @pytest.fixture(autouse=True)
    def _expect_gaps(self, request: pytest.FixtureRequest, rig: Rig) -> None:
        unknown = {name.partition("[")[0] for name in rig.known_gaps} - self.shared_tests
        if unknown:
            pytest.fail(f"known_gaps of {type(rig).__name__} names no test: {sorted(unknown)}")
        reason = _gap(rig, request.node)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


def _gap(rig: Rig, test: pytest.Function) -> str | None:
    """Return why a test is expected to fail under a rig; None if it is not."""
    for name in (test.name, test.originalname):
        if name in rig.known_gaps:
            return rig.known_gaps[name]
    capability = getattr(test.function, "needed_capability", None)
    if capability is not None and not getattr(rig, capability):
        return f"{type(rig).__name__} has no {capability}"
    format_name = test.callspec.params.get("format") if hasattr(test, "callspec") else None
    if format_name is not None and format_name not in rig.formats:
        return f"{type(rig).__name__} has no format {format_name}"
    return None
