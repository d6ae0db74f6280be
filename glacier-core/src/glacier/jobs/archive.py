"""The archive of sources that travels with a job."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distribution, entry_points

from glacier.jobs.modules import files_of, find_module, root_of
from glacier.jobs.pins import CORE
from glacier.plugins import ENTRY_POINT_GROUP

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can say


@dataclass(frozen=True, slots=True)
class GlacierSources:
    """Glacier and its plugins as this process runs them.

    Attributes:
        files: Contents by paths in the archive, with what makes plugins found again.
        packages: The distributions that they are of, by their packages, or modules outside of any.
    """

    files: Mapping[str, bytes]
    packages: Mapping[str, Distribution]


@cache
def glacier_sources() -> GlacierSources:
    """Return the sources of Glacier and of every installed plugin, read once."""
    files: dict[str, bytes] = {}
    packages: dict[str, Distribution] = {}
    plugins = [(point.module, point.dist) for point in entry_points(group=ENTRY_POINT_GROUP)]
    for name, origin in [("glacier", distribution(CORE)), *plugins]:
        module = find_module(name)
        if module is None or origin is None:
            continue  # a plugin that can't be loaded here can't be loaded there either
        root = root_of(module)
        if root.name not in packages:
            packages[root.name] = origin
            files |= {path: file.read_bytes() for path, file in files_of(root).items()}
            files |= _metadata(origin)
    return GlacierSources(files, packages)


def archived(files: Iterable[Mapping[str, bytes]]) -> bytes:
    """Return a zip archive, not compressed, the same bytes for the same files.

    It has an entry for every directory, without which a module in a namespace package can't be
    imported from it.
    """
    merged = {path: content for part in files for path, content in part.items()}
    directories = {
        "/".join(path.split("/")[:depth]) + "/"
        for path in merged
        for depth in range(1, path.count("/") + 1)
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted({*merged, *directories}):
            entry = zipfile.ZipInfo(path, _LONG_AGO)
            entry.external_attr = 0o40755 << 16 if path.endswith("/") else 0o100644 << 16
            archive.writestr(entry, merged.get(path, b""))
    return target.getvalue()


def _metadata(origin: Distribution) -> dict[str, bytes]:
    """Return what says of a distribution in an archive that it is installed, and its plugins."""
    directory = f"{origin.name.replace('-', '_')}-{origin.version}.dist-info"
    head = (origin.read_text("METADATA") or "").partition("\n\n")[0]
    points = origin.read_text("entry_points.txt") or ""
    return {
        f"{directory}/METADATA": f"{head}\n".encode(),
        f"{directory}/entry_points.txt": points.encode(),
    }
