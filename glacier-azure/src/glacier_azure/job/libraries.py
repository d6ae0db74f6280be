"""What a job requires and its pool lacks, which travels with it as wheels."""

import logging
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError

from glacier.errors import JobError
from glacier.jobs.libraries import lacking, library_archive
from glacier.jobs.wheels import Owner, Target
from glacier_azure.job.errors import status_of

if TYPE_CHECKING:
    from pathlib import Path

    from glacier_azure.job.deployment import SparkPool

logger = logging.getLogger("glacier.jobs")

_DENIED = 403
_GLIBC = 28
"""Less than what the runtimes' Mariner and Azure Linux have, and enough for all that is wanted."""


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
    return library_archive(
        owner, missing, Target(python, "x86_64", _GLIBC, f"manylinux_2_{_GLIBC}")
    )
