"""What a distribution requires is enough for it, whatever else the tests have brought.

A library that imports what it does not require works here by chance, and fails for who installs
Glacier alone.
"""

import json
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repo.layout import distributions

PROGRAM = """
import json, sys
from importlib import import_module

hidden = set(json.loads(sys.argv[1]))

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())

for spec in getattr(import_module(sys.argv[2]), "glacier_register_adapters", list)():
    import_module(spec.adapter.partition(":")[0])
"""


def required_by(name: str) -> set[str]:
    """Return the names of all distributions that one requires, directly or not, and its own."""
    found: set[str] = set()
    left = [name]
    while left:
        one = canonicalize_name(left.pop())
        if one in found:
            continue
        try:
            lines = distribution(one).requires or []
        except PackageNotFoundError:
            continue
        found.add(one)
        needs = map(Requirement, lines)
        left += [r.name for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


owners_of_modules = cache(packages_distributions)


def hidden_from(name: str) -> list[str]:
    """Return the modules that are installed, and that a distribution does not bring by itself."""
    required = required_by(name)
    return [
        module
        for module, owners in owners_of_modules().items()
        if not required & {canonicalize_name(owner) for owner in owners}
    ]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in distributions()])
def test_adapters_load_with_what_their_distribution_requires(path: Path) -> None:
    hooks = distribution(path.name).entry_points.select(group="glacier")

    ran = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(hidden_from(path.name)), hook.value],
            capture_output=True,
            text=True,
            check=False,
        )
        for hook in hooks
    ]

    assert [one.stderr for one in ran] == [""] * len(ran)
    assert ran
