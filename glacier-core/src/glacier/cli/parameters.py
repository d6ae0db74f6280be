"""Turns `-p name=value` into arguments of the types that a pipeline's function asks for."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from inspect import Parameter
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from glacier.errors import ParameterError
from glacier.pipeline import Pipeline


def typed_parameters(
    pipeline: Pipeline[..., Any], assignments: Iterable[str]
) -> dict[str, Any]:  # Any: whatever the annotations say
    """Return the arguments for a pipeline's function.

    A value is taken as text for the annotated type, else as JSON, else as the only item of a
    list; a name that is given repeatedly makes a list.

    Args:
        pipeline: The pipeline whose function is to be called.
        assignments: What followed each `-p`.

    Raises:
        ParameterError: An assignment is malformed, its name unknown or its value not of the
            annotated type, or a parameter without a default is missing.
    """
    given = _split(assignments)
    accepted = dict(pipeline.signature.parameters)
    rest = next((one for one in accepted.values() if one.kind is Parameter.VAR_KEYWORD), None)
    named = {n: one for n, one in accepted.items() if one.kind is not Parameter.VAR_KEYWORD}
    if rest is None:
        _refuse_unknown(pipeline, named, given)
    _refuse_missing(pipeline, named, given)
    return {
        name: _converted(pipeline, name, named.get(name, rest), values)
        for name, values in given.items()
    }


def _split(assignments: Iterable[str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.isidentifier():
            raise ParameterError(f"-p {assignment!r} assigns nothing; expected -p name=value.")
        given.setdefault(name, []).append(value)
    return given


def _refuse_unknown(
    pipeline: Pipeline[..., Any], named: Mapping[str, Parameter], given: Iterable[str]
) -> None:
    unknown = [name for name in given if name not in named]
    if unknown:
        raise ParameterError(
            f"Pipeline {pipeline.name!r} has no parameter {', '.join(map(repr, unknown))}; it "
            f"takes {', '.join(map(str, named.values())) or 'none'}.",
            unknown=unknown,
        )


def _refuse_missing(
    pipeline: Pipeline[..., Any], named: Mapping[str, Parameter], given: Iterable[str]
) -> None:
    required = [one for one in named.values() if one.default is Parameter.empty]
    missing = [one for one in required if one.name not in set(given)]
    if missing:
        raise ParameterError(
            f"Pipeline {pipeline.name!r} also needs {', '.join(map(str, missing))}. Add "
            f"{' '.join(f'-p {one.name}=VALUE' for one in missing)}.",
            missing=[one.name for one in missing],
        )


def _converted(
    pipeline: Pipeline[..., Any], name: str, parameter: Parameter | None, values: list[str]
) -> Any:  # Any: whatever the annotation says
    adapter = _adapter(pipeline, parameter)
    try:
        if len(values) > 1:
            return adapter.validate_python(values)
        return adapter.validate_strings(values[0])
    except ValidationError as error:
        first = error
    if len(values) == 1:
        # No text of that type: it may be JSON (`null`, `["a", "b"]`), or one item of a list.
        with suppress(ValidationError):
            return adapter.validate_json(values[0])
        with suppress(ValidationError):
            return adapter.validate_python(values)
    raise ParameterError(
        f"Parameter {name!r} of pipeline {pipeline.name!r} can't be "
        f"{' and '.join(map(repr, values))}: {first.errors()[0]['msg']}. It is declared as "
        f"{str(parameter)!r}.",
        parameter=name,
    ) from first


def _adapter(pipeline: Pipeline[..., Any], parameter: Parameter | None) -> TypeAdapter[Any]:
    if parameter is None or parameter.annotation is Parameter.empty:
        return TypeAdapter(Any)
    # One parameter at a time: another's annotation may name what only type checkers import.
    annotated = SimpleNamespace(__annotations__={"value": parameter.annotation})
    try:
        hints = get_type_hints(annotated, pipeline.function.__globals__, include_extras=True)
        return TypeAdapter(hints["value"])
    except (NameError, PydanticUserError) as error:
        raise ParameterError(
            f"Parameter {parameter.name!r} of pipeline {pipeline.name!r}, declared as "
            f"{str(parameter)!r}, can't be made from text. Leave it at its default, or run the "
            "pipeline from Python.",
            parameter=parameter.name,
        ) from error
