"""What a job requires and its cluster or runtime lacks, which travels with it as wheels."""

import logging
from typing import TYPE_CHECKING

from google.api_core.exceptions import Forbidden

from glacier.errors import JobError
from glacier.jobs.libraries import lacking, library_archive
from glacier.jobs.pins import name_in, normal_name
from glacier.jobs.wheels import Owner, Target
from glacier_gcp.job.deployment import image_of, packages_of
from glacier_gcp.job.runtimes import is_new_enough, python_in, python_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from glacier_gcp.config import DataprocConfig
    from glacier_gcp.job.deployment import ExecutorCluster

logger = logging.getLogger("glacier.jobs")

_DEFAULT_PYTHON = "3.11"
_GLIBC = 28
"""Less than what the images' Debian, Rocky Linux and Ubuntu have, and enough for all wanted."""


def missing_on(
    cluster: "ExecutorCluster", config: "DataprocConfig", requirements: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Return what a cluster lacks, and its Python; everything, where nobody may ask.

    Args:
        cluster: The cluster.
        config: The executor's config, whose packages are wanted too.
        requirements: What a task or a function requires; nothing for a script of the user's own.

    Raises:
        NotFound: There is no such cluster.
        JobError: It runs an image whose Python is too old for Glacier.
    """
    python = python_of(config) or _DEFAULT_PYTHON
    wanted = joined(requirements, config.packages)
    if not wanted:
        return (), python
    try:
        found = cluster.found()
    except Forbidden:
        logger.warning(
            "%s: the cluster may not be read, so that all that the job requires travels. Give the "
            "identity of the provider's config the role roles/dataproc.viewer.",
            cluster.name,
        )
        return wanted, python
    image = image_of(found)
    if requirements and image and not is_new_enough(image, is_serverless=False):
        raise JobError(
            f"The cluster {cluster.name!r} runs Dataproc's image {image}, whose Python is too old: "
            "Glacier's functions and tasks need Python 3.11 or newer. Use a cluster with the image "
            "2.2 or later. Scripts that need no Glacier run there as they are.",
            image_version=image,
        )
    missing = lacking(wanted, packages_of(found))
    return missing, python_in(image, is_serverless=False) or python


def missing_in_batches(
    config: "DataprocConfig", requirements: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Return what the runtime of batches lacks, and its Python; nothing, for an image of one's own.

    A runtime has packages of its own, in versions that nobody promises, so that all travels.
    """
    python = python_of(config) or _DEFAULT_PYTHON
    if config.container_image is not None:
        return (), python
    return joined(requirements, config.packages), python


def joined(requirements: "Iterable[str]", packages: "Iterable[str]") -> tuple[str, ...]:
    """Return pins, of which the user's own take precedence."""
    pins = {normal_name(name_in(line)): line for line in [*requirements, *packages]}
    return tuple(sorted(pins.values()))


def wheels_for(name: str, python: str, missing: tuple[str, ...]) -> "tuple[Path, str]":
    """Return an archive of wheels for an executor, and its path below staging.

    Args:
        name: The executor's name.
        python: The minor version of its Python.
        missing: What it lacks.

    Raises:
        JobError: One of them has no wheel.
    """
    owner = Owner(
        name=f"a job on {name!r}",
        error=JobError,
        missing="Have the cluster install it: name it in DataprocConfig(packages=[...]) and make "
        "the cluster by Terraform or executor.deploy(), where it may be built of its source; or "
        "bring it in DataprocConfig(container_image=...) of serverless batches.",
        conflict="Change what is installed here, or have the cluster install it: name it in "
        "DataprocConfig(packages=[...]) and deploy the cluster again.",
    )
    return library_archive(
        owner, missing, Target(python, "x86_64", _GLIBC, f"manylinux_2_{_GLIBC}")
    )
