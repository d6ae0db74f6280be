"""What Glue starts for a run: it fetches the run's script and runs it as plain Python would.

Glue passes its scripts pairs of `--key value` that it may log, so these name a file in staging,
which says the rest: the script, its arguments, and its variables. Nothing runs before the digests
of both were checked. Glue has no part of Glacier: this file needs the standard library and boto3,
and its syntax is that of older Pythons, which some versions of Glue have.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import sys
import tempfile
import types
from functools import lru_cache
from typing import Any

RUN = "--glacier-run"
"""The argument with the URI of the run's file."""

SHA256 = "--glacier-sha256"
"""The argument with the digest of that file."""

REGION = "--glacier-region"
"""The argument with the region in which the run goes on."""

TOKEN = "--glacier-token"  # noqa: S105 - the name of an argument
"""The argument with the submission's own name, by which its run is recognised."""

FORMAT = 1
_OWN = (RUN, SHA256, REGION, TOKEN)


class RunRefusedError(RuntimeError):
    """The run was not begun: what it consists of was changed on its way."""


def main(argv: list[str]) -> None:
    """Run the script that a run's arguments lead to; what it raises is raised."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    own, others = divided(argv)
    os.environ.setdefault("AWS_DEFAULT_REGION", own[REGION])
    run = json.loads(checked(own[RUN], own[SHA256], own[REGION]))
    if run["format"] != FORMAT:
        raise RunRefusedError(
            f"The run in {own[RUN]} has format {run['format']} and this launcher reads {FORMAT}. "
            "Deploy the executor again, with the Glacier that submits the run."
        )
    source = checked(run["script"], run["sha256"], own[REGION])
    os.environ.update(run["environment"])
    try:
        run_script(run["script"].rpartition("/")[2], source, run["args"], others)
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
    discard(own[RUN], own[REGION])


def divided(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return Glacier's own arguments, and all others as they are."""
    own: dict[str, str] = {}
    others: list[str] = []
    rest = iter(argv)
    for word in rest:
        key, separator, value = word.partition("=")
        if key in _OWN:
            own[key] = value if separator else next(rest)
        else:
            others.append(word)
    return own, others


def checked(uri: str, sha256: str, region: str) -> bytes:
    """Return an object that has a digest."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    content: bytes = _s3(region).get_object(Bucket=bucket, Key=key)["Body"].read()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise RunRefusedError(
            f"{uri} was changed after the run was submitted: its sha256 is {found} and should be "
            f"{sha256}. The run was not begun; submit it again."
        )
    return content


def run_script(name: str, source: bytes, args: list[str], glue_args: list[str]) -> None:
    """Run a script as `__main__`, beside no other module, with its arguments.

    A script made for Glue, which imports `awsglue`, also gets the arguments that Glue passes.
    """
    directory = tempfile.mkdtemp(prefix="glacier-run-")
    atexit.register(_remove, directory, os.getpid())  # tracebacks show the file's lines until then
    path = os.path.join(directory, name)  # noqa: PTH118 - nothing else of paths is needed
    with open(path, "wb") as file:  # noqa: PTH123 - as above
        file.write(source)
    sys.argv = [path, *args, *(glue_args if b"awsglue" in source else ())]
    sys.path.insert(0, directory)
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except BaseException as error:
        _forget_launcher(error)
        raise


def discard(uri: str, region: str) -> None:
    """Remove the file of a run that has succeeded; it stays where that is refused."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = uri.partition("://")[2].partition("/")
    try:
        _s3(region).delete_object(Bucket=bucket, Key=key)
    except (BotoCoreError, ClientError) as error:
        print(f"{uri} can't be removed: {error}", file=sys.stderr)  # noqa: T201 - the run's log


def _forget_launcher(error: BaseException) -> None:
    """Have a traceback begin in the script, as it does without a launcher."""
    shown = sys.excepthook

    def show(kind: Any, raised: Any, trace: Any) -> None:  # Any: the hook's own arguments
        if raised is error:
            while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            raised.__traceback__ = trace
        shown(kind, raised, trace)

    sys.excepthook = show


def _remove(directory: str, process_id: int) -> None:
    if os.getpid() == process_id:  # a forked child has to leave its parent's alone
        shutil.rmtree(directory, ignore_errors=True)


@lru_cache(maxsize=4)
def _s3(region: str) -> Any:  # Any: boto3 makes its clients at run time
    import boto3

    return boto3.client("s3", region_name=region)


if __name__ == "__main__":
    main(sys.argv[1:])
