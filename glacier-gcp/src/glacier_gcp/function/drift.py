"""Where a Cloud Function differs from what its config says."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.drift import Difference, at_path, differences, missing, variables
from glacier_gcp.function.differences import (
    VARIABLES,
    changed_settings,
    variables_beside_googles,
)
from glacier_gcp.function.messages import told
from glacier_gcp.function.operations import Operations, is_sound
from glacier_gcp.function.request import (
    PACKAGE_LABEL,
    digest_of,
    function_request,
    provider_config_of,
)
from glacier_gcp.function.schedule import schedule_drift
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from glacier.resources import Serverless


def function_drift(function: "Serverless", package: Path) -> Iterator[Difference]:
    """Yield where a function differs.

    Args:
        function: The function.
        package: Its zip.

    Raises:
        GoogleAPIError: Google refuses to tell.
    """
    session = session_of(provider_config_of(function))
    thing = f"function {function.function_name!r}"
    found = Operations(function, session).found()
    if found is None:
        yield missing(thing)
        return
    wanted, known = function_request(function), told(found)
    for path in changed_settings(wanted, known):
        value, actual = at_path(wanted, path), at_path(known, path)
        if path.endswith(f".{VARIABLES}"):  # of the build too
            there = variables_beside_googles(value or {}, actual or {})
            yield from variables(thing, path, value or {}, there)
        else:
            yield Difference(thing, path, value, actual)
    labels = known.get("labels", {})
    yield from differences(thing, {"labels": wanted["labels"]}, {"labels": labels})
    code = {"code": digest_of(package.read_bytes())}
    yield from differences(thing, code, {"code": labels.get(PACKAGE_LABEL)})
    if not is_sound(found):  # its last build or start failed
        yield Difference(thing, "state", "ACTIVE", found.state.name)
    yield from schedule_drift(thing, function, session, found.service_config.uri)
