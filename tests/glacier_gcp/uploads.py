"""The uploads of a stage to the rig."""

from typing import Any, cast

from glacier import Provider
from glacier.config import GcpConfig
from glacier.uploads.stage import Uploads
from glacier_gcp.session import session_of
from glacier_gcp.storage.exclusive import ExclusiveGcsObject
from glacier_gcp.storage.upload import GcsObject
from tests.stores.upload_cases import TOKEN, Make

PART = 5 * 1024 * 1024
"""The smallest that Google takes."""


def uploads_to(config: GcpConfig, bucket_name: str) -> Make:
    """Return what makes the uploads of a stage."""
    session = session_of(config)

    def make(token: str = TOKEN, *, is_exclusive: bool = False, **settings: Any) -> Uploads:
        kind = ExclusiveGcsObject if is_exclusive else GcsObject
        return Uploads(
            begin=lambda key: kind(session, bucket_name, key, token),
            translate=Provider(config).bucket(bucket_name, "ds/").adapter.translate,
            **{"part_bytes": PART, **settings},
        )

    return make


def target_of(uploads: Uploads) -> Any:
    """Return the store's side of the only file."""
    return cast("Any", uploads._all()[0])._target
