"""Wheels for a Lambda runtime."""

from functools import partial
from pathlib import Path
from typing import Literal

from glacier.errors import FunctionError
from glacier.jobs.wheels import Owner, Target, Wanted, wheel_archive


def lambda_target(python: str, architecture: Literal["x86_64", "arm64"]) -> Target:
    """Return what a runtime is for wheels.

    Amazon Linux 2, under Python 3.11, has glibc 2.26; 2023, under all later ones, 2.34:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    if python == "3.11":
        return Target(python, architecture, 26, "manylinux2014")
    return Target(python, architecture, 34, "manylinux_2_34")


def lambda_wheels(function_name: str, wanted: Wanted) -> Path:
    """Return a zip of what a function requires, which is not the caller's to change.

    Raises:
        FunctionError: There is no wheel for the target, or no installer.
    """
    owner = Owner(
        name=f"the function {function_name!r}",
        error=partial(FunctionError, function_name=function_name),
        missing="Name a version that has one in packages= of its LambdaConfig, or change runtime= "
        "or architecture=; what is on no index can come by a layer.",
        conflict="Change what packages= of its LambdaConfig asks for.",
    )
    return wheel_archive(owner, wanted)
