"""Making buckets of Cloud Storage."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession


def deploy_bucket(session: "GcpSession", name: str) -> None:
    """Make a bucket where it is missing."""
    client = session.storage
    if client.lookup_bucket(name, timeout=session.timeout, retry=session.retry) is None:
        client.create_bucket(name, location=session.config.region, timeout=session.timeout)
