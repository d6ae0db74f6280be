"""The fsspec filesystem of Cloud Storage, which asks the config's session for its credential."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from glacier.errors import MissingPackageError, StorageError
from glacier_gcp.retries import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS

try:
    from aiohttp import ClientError, ClientTimeout

    # `gcsfs.GCSFileSystem` asks for every bucket whether it is a zonal one, by an API of its own,
    # which emulators do not have: without an answer it waits for a minute.
    from gcsfs.core import GCSFileSystem
    from gcsfs.retry import HttpError, is_retriable
    from requests import RequestException
except ImportError as error:
    raise MissingPackageError(
        "Files on Cloud Storage need gcsfs, which is not installed. "
        'Run: pip install "glacier-core[gcp]"',
        extra="gcp",
    ) from error

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession

# It logs what it raises, which Python prints where nobody has set up logging.
logging.getLogger("gcsfs").addHandler(logging.NullHandler())


def gcs_filesystem(session: "GcpSession") -> GCSFileSystem:
    """Return a new filesystem of a session's identity and endpoint.

    It keeps no listings: what it says is what the store says now.
    """
    connect, read = session.timeout
    return _SessionFileSystem(
        session.config.retry_timeout_seconds,
        project=session.config.project,
        token="anon" if session.is_anonymous else session.shared_credentials,
        endpoint_url=session.storage_endpoint,
        requests_timeout=ClientTimeout(total=None, sock_connect=connect, sock_read=read),
        use_listings_cache=False,
        skip_instance_cache=True,
    )


class _SessionFileSystem(GCSFileSystem):  # type: ignore[misc]  # no types upstream
    """gcsfs, but for how long it tries a request again: its own six tries know no time.

    Args:
        retry_timeout_seconds: For how long after the first failure.
        **settings: What gcsfs takes.
    """

    cachable = False

    def __init__(self, retry_timeout_seconds: float, **settings: Any) -> None:  # Any: fsspec's own
        self._retry_timeout_seconds = retry_timeout_seconds
        super().__init__(**settings)

    def _open(self, path: str, mode: str = "rb", **fields: Any) -> Any:
        """Return a file; gcsfs by itself would replace what is to be appended to.

        Raises:
            StorageError: It is to be appended to.
        """
        if "a" in mode:
            uri = f"gs://{path}"
            raise StorageError(
                f"Nothing can be appended to {uri}, which was to be opened with mode {mode!r}: an "
                "object of Cloud Storage is written as a whole. Open it with 'w' and write all of "
                "it, or append rows to a dataset with bucket.write(..., mode='append').",
                uri=uri,
            )
        return super()._open(path, mode, **fields)

    async def _request(self, *request: Any, **fields: Any) -> Any:
        """Make a request, and try it again as the session's other clients do."""
        pause, until = FIRST_PAUSE_SECONDS, None
        while True:
            try:
                return await _request_once(self, *request, **fields)
            except (HttpError, ClientError, RequestException) as error:
                now = time.monotonic()
                until = until or now + self._retry_timeout_seconds
                is_late = now > until or not self._retry_timeout_seconds
                if is_late or not is_retriable(error):
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


_request_once = getattr(GCSFileSystem._request, "__wrapped__", GCSFileSystem._request)  # noqa: SLF001
"""What gcsfs tries six times."""
