"""What a job requires and its platform lacks, which travels with it as an archive of wheels."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from glacier.jobs.pins import name_in, normal_name, pins_below
from glacier.jobs.wheels import Owner, Target, Wanted, wheel_archive

_PINNED = re.compile(r"^\s*(?:-\s+)?([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*={1,2}\s*([^\s;#=]+)")
_PIECE_BYTES = 1 << 20


def lacking(requirements: Iterable[str], content: str) -> tuple[str, ...]:
    """Return the pins that some library requirements don't name in the same version.

    Args:
        requirements: Pins, such as `polars==2.1.0`.
        content: What the platform installs: lines as pip takes them, or of a conda environment.
    """
    found = (_PINNED.match(line) for line in content.splitlines())
    there = {(normal_name(match[1]), match[2]) for match in found if match is not None}
    pairs = {pin: (normal_name(name_in(pin)), pin.partition("==")[2]) for pin in requirements}
    return tuple(pin for pin, pair in pairs.items() if pair not in there)


def library_archive(owner: Owner, missing: tuple[str, ...], target: Target) -> tuple[Path, str]:
    """Return an archive of wheels, and its path below staging, another one for every content.

    What they need in turn is held to the versions that are installed here.

    Raises:
        GlacierError: One of them has no wheel; the owner's error.
    """
    archive = wheel_archive(owner, Wanted(missing, pins_below(missing), target))
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return archive, f"wheels/{digest.hexdigest()}.zip"
