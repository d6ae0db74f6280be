"""Whether a Lambda function is what it has to be, by what its requests and AWS's answers say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glacier.differences import is_met

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_WHOLE = {"Environment", "Layers"}
"""Settings whose order counts, or in which nothing else may be."""


def is_set(name: str, wanted: object, found: Mapping[str, Any]) -> bool:
    """Return whether a function has a setting."""
    value = found.get(name)
    if name == "Layers":
        value = [layer["Arn"] for layer in value or ()]
    if name == "Environment":
        value = {"Variables": (value or {}).get("Variables", {})}
    return bool(wanted == value) if name in _WHOLE else is_met(wanted, value)


def fields_of(client: "LambdaClient", operation: str) -> set[str]:
    """Return what a request of Lambda's can say."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert shape is not None
    return set(shape.members)
