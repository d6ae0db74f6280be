"""What Glue starts for a run: it fetches the run's script and runs it as plain Python would.

Glue passes its scripts pairs of `--key value` that it may log, so these name a file in staging,
which says the rest: the script, its arguments, and its variables. Nothing runs before the digests
of both were checked. Glue has no part of Glacier: this file needs the standard library and boto3,
and its syntax is that of older Pythons, which some versions of Glue have.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import Any

from glacier.jobs.launching import checked, divided, print_at_once, run_in, run_script

RUN = "--glacier-run"
"""The argument with the URI of the run's file."""

SHA256 = "--glacier-sha256"
"""The argument with the digest of that file."""

REGION = "--glacier-region"
"""The argument with the region in which the run goes on."""

TOKEN = "--glacier-token"  # noqa: S105 - the name of an argument
"""The argument with the submission's own name, by which its run is recognised."""

_OWN = (RUN, SHA256, REGION, TOKEN)


def main(argv: list[str]) -> None:
    """Run the script that a run's arguments lead to; what it raises is raised."""
    print_at_once()
    own, others = divided(argv, _OWN)
    region = own[REGION]
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    run = run_in(fetched(own[RUN], region), own[RUN], own[SHA256])
    source = checked(fetched(run["script"], region), run["script"], run["sha256"])
    # A script made for Glue, which imports `awsglue`, also gets the arguments that Glue passes.
    args = [*run["args"], *(others if b"awsglue" in source else ())]
    os.environ.update(run["environment"])
    run_script(run["name"], source, args)
    discard(own[RUN], region)


def fetched(uri: str, region: str) -> bytes:
    """Return an object."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    content: bytes = _s3(region).get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def discard(uri: str, region: str) -> None:
    """Remove the file of a run that has succeeded; it stays where that is refused."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = uri.partition("://")[2].partition("/")
    try:
        _s3(region).delete_object(Bucket=bucket, Key=key)
    except (BotoCoreError, ClientError) as error:
        print(f"{uri} can't be removed: {error}", file=sys.stderr)  # noqa: T201 - the run's log


@lru_cache(maxsize=4)
def _s3(region: str) -> Any:  # Any: boto3 makes its clients at run time
    import boto3

    return boto3.client("s3", region_name=region)


if __name__ == "__main__":
    main(sys.argv[1:])
