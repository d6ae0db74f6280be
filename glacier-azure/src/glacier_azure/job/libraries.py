"""What a job requires and its pool lacks, which travels with it as wheels."""

import hashlib
import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError

from glacier.errors import JobError
from glacier.jobs.pins import name_in, normal_name, pins_below
from glacier.jobs.wheels import Owner, Target, Wanted, wheel_archive
from glacier_azure.job.errors import status_of

if TYPE_CHECKING:
    from pathlib import Path

    from glacier_azure.job.deployment import SparkPool

logger = logging.getLogger("glacier.jobs")

_PINNED = re.compile(r"^\s*(?:-\s+)?([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*={1,2}\s*([^\s;#=]+)")
_DENIED = 403
_GLIBC = 28
"""Less than what the runtimes' Mariner and Azure Linux have, and enough for all that is wanted."""


def lacking(requirements: Iterable[str], content: str) -> tuple[str, ...]:
    """Return the pins that a pool's library requirements don't name in the same version.

    Args:
        requirements: Pins, such as `polars==2.1.0`.
        content: The pool's requirements: lines as pip takes them, or of a conda environment.
    """
    found = (_PINNED.match(line) for line in content.splitlines())
    there = {(normal_name(match[1]), match[2]) for match in found if match is not None}
    pairs = {pin: (normal_name(name_in(pin)), pin.partition("==")[2]) for pin in requirements}
    return tuple(pin for pin, pair in pairs.items() if pair not in there)


def missing_on(pool: "SparkPool", requirements: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a pool lacks; everything, where nobody may ask or say what it has.

    Raises:
        HttpResponseError: There is no such pool, or Azure does not answer.
    """
    if pool.subscription is None:
        logger.info(
            "%s: what the Spark pool has is not known without AzureConfig(subscription_id=...); "
            "all that the job requires travels.",
            pool.name,
        )
        return requirements
    try:
        return lacking(requirements, pool.library_requirements())
    except HttpResponseError as error:
        if status_of(error) != _DENIED:
            raise
        logger.warning(
            "%s: the Spark pool may not be read, so that all that the job requires travels. Give "
            "the identity of the provider's config the role Reader on it.",
            pool.name,
        )
        return requirements


def wheels_for(name: str, python: str, missing: tuple[str, ...]) -> "tuple[Path, str]":
    """Return an archive of wheels for a pool, and its path below staging.

    Args:
        name: The executor's name.
        python: The minor version of the pool's Python.
        missing: What it lacks.

    Raises:
        JobError: One of them has no wheel.
    """
    owner = Owner(
        name=f"a job on {name!r}",
        error=JobError,
        missing="Have the pool install it: name it in SynapseConfig(packages=[...]) and make the "
        "pool by Terraform or executor.deploy(), where it may be built of its source.",
        conflict="Change what is installed here, or have the pool install it: name it in "
        "SynapseConfig(packages=[...]) and run executor.deploy().",
    )
    target = Target(python, "x86_64", _GLIBC, f"manylinux_2_{_GLIBC}")
    constraints = pins_below(missing)
    archive = wheel_archive(owner, Wanted(missing, constraints, target))
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return archive, f"wheels/{digest.hexdigest()}.zip"
