"""`requirements.lock` pins everything and tells nothing about where it was made."""

import re

from packaging.requirements import Requirement

from tests.repo.layout import LOCK, ROOT, distributions, read_toml, requirements


def locked() -> dict[str, list[Requirement]]:
    """Return the lock's pins by name; a name may have one per marker."""
    text = re.sub(r"\\\n\s*--hash=\S+", "", LOCK.read_text(encoding="utf-8"))
    pins: dict[str, list[Requirement]] = {}
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            pin = Requirement(line.strip(" \\"))
            pins.setdefault(pin.name, []).append(pin)
    return pins


def declared() -> list[Requirement]:
    """Return what distributions, extras and development tools ask for, siblings left out."""
    siblings = {path.name for path in distributions()}
    groups = read_toml(ROOT / "pyproject.toml")["dependency-groups"].values()
    tools = [Requirement(line) for group in groups for line in group if isinstance(line, str)]
    ours = [r for path in distributions() for r in requirements(path)]
    return [r for r in tools + ours if r.name not in siblings]


def test_every_requirement_has_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.read_text(encoding="utf-8"))

    unhashed = [b for b in blocks if not b.startswith("#") and "--hash=sha256:" not in b]

    assert unhashed == []


def test_every_requirement_is_pinned_exactly() -> None:
    operators = {spec.operator for pins in locked().values() for r in pins for spec in r.specifier}

    assert operators == {"=="}


def test_lock_satisfies_what_is_declared() -> None:
    pins = locked()

    unsatisfied = [
        str(wanted)
        for wanted in declared()
        if not pins.get(wanted.name)
        or not all(
            wanted.specifier.contains(spec.version)
            for pin in pins[wanted.name]
            for spec in pin.specifier
        )
    ]

    assert unsatisfied == [], "run: make lock"


def test_lock_holds_no_address_or_path() -> None:
    text = LOCK.read_text(encoding="utf-8")

    assert re.findall(r"\w+://|--index|--extra-index|--find-links|-e |(?:^|\s)/\w+", text) == []
