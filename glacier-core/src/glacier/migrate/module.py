"""Migrates one module, from bytes to bytes."""

from dataclasses import dataclass

from glacier.migrate.changes import Edit, Finding, OverlapError, edited
from glacier.migrate.decisions import decide
from glacier.migrate.imports import Imports
from glacier.migrate.names import Names
from glacier.migrate.signs import may_be_old
from glacier.migrate.source import Source, UnreadableError, check_readable
from glacier.migrate.v2 import is_of_glacier, old_name


@dataclass(frozen=True, slots=True)
class Migration:
    """What becomes of a module.

    Attributes:
        before: Its bytes.
        after: Its bytes in V3; the same where nothing changes.
        encoding: The encoding of both.
        findings: What only a person can decide, by places in `before`.
        error: Why it could not be migrated, with the place; None where it could.
    """

    before: bytes
    after: bytes
    encoding: str = "utf-8"
    findings: tuple[Finding, ...] = ()
    error: Finding | None = None

    @property
    def is_changed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after


def migrate_module(data: bytes) -> Migration:
    """Return what becomes of a module; one that has nothing of V2 comes back as it is.

    Args:
        data: The module's bytes.
    """
    if not may_be_old(data):
        return Migration(data, data)
    try:
        return _migrated(data)
    except UnreadableError as error:
        return Migration(data, data, error=Finding(error.line, error.column, str(error)))
    except RecursionError:
        return Migration(data, data, error=Finding(1, 1, "This is nested too deeply to be read."))


def _migrated(data: bytes) -> Migration:
    source = Source(data)
    names = Names(source)
    decisions = decide(source, names)
    imports = Imports(source, names, decisions.demands)
    edits: list[Edit] = [*decisions.edits, *imports.edits]
    try:
        after = edited(source.text, edits).encode(source.encoding)
    except OverlapError as error:
        raise UnreadableError(
            "What has to change here is too nested, so that nothing is changed. Give the inner "
            "call a name first.",
            *source.place_at(error.offset),
        ) from error
    if edits:
        try:
            check_readable(after)
        except UnreadableError as error:
            raise UnreadableError(
                f"What would become of this can't be read, so that nothing is changed. {error}"
            ) from error
    findings = [*decisions.findings, *imports.findings, *_unbound(source, names)]
    return Migration(data, after, source.encoding, tuple(sorted(findings)))


def _unbound(source: Source, names: Names) -> list[Finding]:
    """Return findings about names of V2 that can only come from a star import."""
    stars = [one for one in names.stars if is_of_glacier(one)]
    return [
        Finding(
            *source.place(node),
            f"{node.value} is left as it is. It may come from the star import of {stars[0]}. "
            "Import it by its name, and migrate again.",
        )
        for node in names.unbound
        if stars and _is_of_v2(node.value)
    ]


def _is_of_v2(name: str) -> bool:
    old = old_name(f"glacier.{name}")
    return old is not None and old.role in ("provider", "bucket", "factory")
