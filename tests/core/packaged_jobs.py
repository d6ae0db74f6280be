"""Jobs that are packed, and run by the entrypoint in a process of their own."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glacier import Bucket, Provider
from glacier.jobs.call import CALL_MAIN, Call
from glacier.jobs.package import ENTRYPOINT, Package, write_package
from glacier.jobs.result import Outcome, read_result
from glacier.jobs.staging import new_place, staging_of

LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """A job that has ended."""

    place: Bucket
    exit_code: int
    output: str
    errors: str

    @property
    def outcome(self) -> Outcome:
        """What it left."""
        found = read_result(self.place)
        assert found is not None, self.errors
        return found

    @property
    def value(self) -> Any:
        """What it returned."""
        assert self.outcome.error is None, self.outcome.error
        return self.outcome.value


def place_in(provider: Provider) -> Bucket:
    """Return a new place below a provider's staging."""
    return new_place(staging_of(provider))


def packed_job(
    provider: Provider, function: Callable[..., Any], *args: Any, **kwargs: Any
) -> Package:
    """Pack a call of a function."""
    return write_package(place_in(provider), Call(function, args, kwargs), CALL_MAIN)


def start(package: Package, *command: str, **environment: str) -> Ended:
    """Run a packed job to its end; a bare interpreter's, unless a command says otherwise."""
    command = command or (sys.executable, "-I", "-u")
    done = subprocess.run(
        [*command, str(ENTRYPOINT), *package.args],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    return Ended(package.place, done.returncode, done.stdout, done.stderr)


def run_there(provider: Provider, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Ended:
    """Pack a call of a function and run it to its end in another process."""
    return start(packed_job(provider, function, *args, **kwargs))


def directory_of(place: Bucket) -> Path:
    """Return where a place of this machine lies."""
    return Path(place.adapter.location().path)
