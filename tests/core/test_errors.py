"""The error tree."""

import builtins
import pickle
import re

import pytest

from glacier import errors
from glacier.errors import GlacierError

LINE = re.compile(r"^ {4}(?P<branch>[│├└─ ]*)(?P<name>\w+Error)(?: \((?P<builtin>\w+)\))?")
WIDTH_OF_A_LEVEL = 4

CLASSES = sorted(
    (
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, GlacierError)
    ),
    key=lambda cls: cls.__name__,
)


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """Return each drawn error's parent and the builtin that stands beside it."""
    tree: dict[str, tuple[str, str | None]] = {}
    path: list[str] = []
    for match in filter(None, map(LINE.match, (errors.__doc__ or "").splitlines())):
        depth = len(match["branch"]) // WIDTH_OF_A_LEVEL
        path = [*path[:depth], match["name"]]
        tree[match["name"]] = (path[depth - 1] if depth else "Exception", match["builtin"])
    return tree


def real_tree() -> dict[str, tuple[str, str | None]]:
    """Return each error's parent and the builtin that it adds."""
    tree = {}
    for cls in CLASSES:
        parent, *others = cls.__bases__
        tree[cls.__name__] = (parent.__name__, others[0].__name__ if others else None)
    return tree


def test_errors_are_as_drawn() -> None:
    drawn = drawn_tree()

    assert drawn == real_tree()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_error_is_of_the_builtin_beside_it(cls: type[GlacierError]) -> None:
    _, name = drawn_tree()[cls.__name__]

    assert name is None or issubclass(cls, getattr(builtins, name))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_error_says_its_message(cls: type[GlacierError]) -> None:
    with pytest.raises(cls) as caught:
        raise cls("The disk is gone.", task="load", uri="s3://b/x")

    assert str(caught.value) == "The disk is gone."


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_error_crosses_processes_with_its_facts(cls: type[GlacierError]) -> None:
    error = cls("The disk is gone.", task="load", uri="s3://b/x")

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is cls
    assert str(copy) == "The disk is gone."
    assert vars(copy) == {"task": "load", "uri": "s3://b/x"}


def test_every_error_has_a_docstring() -> None:
    bare = [cls.__name__ for cls in CLASSES if not cls.__doc__]

    assert bare == []
