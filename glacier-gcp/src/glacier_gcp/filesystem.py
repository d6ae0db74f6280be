"""The fsspec filesystem of Cloud Storage, which asks the config's session for its credential."""

import logging
from typing import TYPE_CHECKING

from glacier.errors import MissingPackageError

try:
    from aiohttp import ClientTimeout

    # `gcsfs.GCSFileSystem` asks for every bucket whether it is a zonal one, by an API of its own,
    # which emulators do not have: without an answer it waits for a minute.
    from gcsfs.core import GCSFileSystem
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
    return GCSFileSystem(
        project=session.config.project,
        token="anon" if session.is_anonymous else session.shared_credentials,
        endpoint_url=session.storage_endpoint,
        requests_timeout=ClientTimeout(total=None, sock_connect=connect, sock_read=read),
        use_listings_cache=False,
        skip_instance_cache=True,
    )
