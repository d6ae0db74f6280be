"""The zip of a Lambda function: the handler's sources, its wheels, and what calls it."""

import json
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.errors import FunctionError
from glacier.jobs.handler_code import HandlerCode, handler_code, refuse_secrets
from glacier.jobs.wheels import Wanted, add_file
from glacier.resources import json_border
from glacier_aws.function.request import config_of, python_of
from glacier_aws.function.wheels import lambda_target, lambda_wheels

if TYPE_CHECKING:
    from glacier.resources import Serverless

LARGEST_BYTES = 262_144_000
"""What a function may weigh unpacked, with its layers:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MANIFEST = "glacier.json"
_ENTRY = Path(__file__).with_name("entry.py")
_BORDER = Path(json_border.__file__)
_PROVIDED = {"awslambdaric", "boto3", "botocore", "jmespath", "s3transfer"}
"""What every Python of Lambda brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"""

_NAMED_PARTS = 5


def build_package(function: "Serverless") -> Path:
    """Return the path of a new zip, in a new temporary directory that belongs to the caller.

    Raises:
        FunctionError: The handler has no source, there is no wheel for the platform, the runtime
            is no more, a file holds a secret, or the whole is over Lambda's limit.
    """
    wanted, code = wanted_wheels(function)
    files = {
        **code.files,
        "glacier_lambda.py": _ENTRY.read_bytes(),
        "glacier_json_border.py": _BORDER.read_bytes(),
        MANIFEST: _manifest(function, code.path),
    }
    refuse_secrets(function, "packages=", "\n".join(wanted.requirements).encode())
    wheels = lambda_wheels(function.function_name, wanted) if wanted.requirements else None
    target = Path(tempfile.mkdtemp(prefix="glacier-package-")) / "function.zip"
    try:
        if wheels is not None:
            shutil.copyfile(wheels, target)
        with zipfile.ZipFile(target, "a") as archive:
            _add(function, archive, files)
        check_size(function, target)
    except BaseException:
        shutil.rmtree(target.parent)
        raise
    return target


def wanted_wheels(function: "Serverless") -> tuple[Wanted, HandlerCode]:
    """Return what a function's zip has to bring of others, and the handler's own code.

    Distributions that the handler's sources import have this machine's versions, and so has what
    those need in turn. What `packages=` of the config names comes as it says there.
    """
    config = config_of(function)
    target = lambda_target(python_of(function), config.architecture)
    code = handler_code(function)
    # Glacier's own stays whole: aiobotocore takes none but its own botocore.
    requirements, constraints = code.requirements(config.packages, _PROVIDED)
    return Wanted(requirements, constraints, target), code


def check_size(function: "Serverless", package: Path, layer_bytes: int = 0) -> None:
    """Refuse a zip that is too large for Lambda once it is unpacked.

    Args:
        function: The function.
        package: Its zip.
        layer_bytes: What its layers weigh at least.

    Raises:
        FunctionError: It is; the error names the largest parts.
    """
    parts: Counter[str] = Counter({"layers": layer_bytes} if layer_bytes else {})
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            parts[entry.filename.partition("/")[0]] += entry.file_size
    if parts.total() <= LARGEST_BYTES:
        return
    largest = ", ".join(f"{name} {size:,}" for name, size in parts.most_common(_NAMED_PARTS))
    raise FunctionError(
        f"The function {function.function_name!r} has {parts.total():,} bytes unpacked, and Lambda "
        f"takes {LARGEST_BYTES:,} (250 MiB). The largest parts: {largest} bytes. Import less in "
        "the handler's modules, leave out of packages= what it can do without, or run it on "
        "an executor.",
        function_name=function.function_name,
        parts=dict(parts),
    )


def _manifest(function: "Serverless", handler: str) -> bytes:
    fields = {"function_name": function.function_name, "handler": handler}
    fields["runtime"] = function.runtime
    return json.dumps(fields, indent=2, sort_keys=True).encode()


def _add(function: "Serverless", archive: zipfile.ZipFile, files: Mapping[str, bytes]) -> None:
    taken = sorted(set(archive.namelist()).intersection(files))
    if taken:
        raise FunctionError(
            f"The function {function.function_name!r} has a file of its own where one of its "
            f"wheels has one too: {', '.join(taken)}. Rename the project's module.",
            function_name=function.function_name,
        )
    for name in sorted(files):
        add_file(archive, name, files[name])
