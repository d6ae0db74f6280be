"""What lies in one container of the rig, seen past Glacier."""

import base64
import datetime as dt
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, generate_container_sas

from glacier.storage import new_token
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.rigs.azure.azurite import Azurite
from tests.rigs.proxy import Answer, Exchange, error
from tests.stores.buckets import Words

WORDS = Words(
    busy="ServerBusy",
    denied="AuthorizationPermissionMismatch",
    refusals={
        "503": error(503, "ServerBusy"),
        "denied": error(403, "AuthorizationPermissionMismatch"),
        "expired": error(403, "AuthenticationFailed"),
    },
    requests={
        "write": {"method": "PUT"},
        "part": {"method": "PUT", "query": "comp=block&"},
        "complete": {"method": "PUT", "query": "comp=blocklist"},
        "put": {"method": "PUT", "query": "^$"},
        "list": {"method": "GET", "query": "comp=list"},
        "delete": {"method": "POST", "query": "comp=batch"},
    },
)


class Blobs:
    """A new container.

    Attributes:
        name: The container's name.
        client: A client that goes to the server itself.
    """

    def __init__(self, server: Azurite) -> None:
        self.name = f"glacier-{new_token()}"
        account = BlobServiceClient(server.endpoint, credential=DEVELOPMENT_KEY)
        self.client = account.create_container(self.name)

    def uri(self, path: str) -> str:
        """Return the URI of a path in it."""
        return f"abfs://{self.name}@{DEVELOPMENT_ACCOUNT}.dfs.core.windows.net/{path}"

    def put(self, key: str, body: bytes) -> None:
        """Write a blob as somebody else would."""
        self.client.upload_blob(key, body, overwrite=True)

    def keys(self) -> list[str]:
        """Return the names of all blobs."""
        return [blob.name for blob in self.client.list_blobs()]

    def bodies(self) -> dict[str, bytes]:
        """Return what all blobs hold, by name."""
        return {key: self.client.download_blob(key).readall() for key in self.keys()}

    def left_behind(self) -> list[str]:
        """Return nothing, since blocks that nobody commits go by themselves."""
        return []

    def stage(self, key: str, block_id: bytes, body: bytes) -> None:
        """Send a block as any tool would, and leave it; the SDK has ids of text only."""
        signature = generate_container_sas(
            DEVELOPMENT_ACCOUNT,
            self.name,
            DEVELOPMENT_KEY,
            permission="w",
            expiry=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
        )
        query = urlencode({"comp": "block", "blockid": base64.b64encode(block_id).decode()})
        url = f"{self.client.get_blob_client(key).url}?{query}&{signature}"
        with urlopen(Request(url, body, method="PUT")) as answer:
            assert answer.status == 201

    def blocks(self, key: str) -> list[tuple[str, int]]:
        """Return the id and the size of all blocks of a blob that nobody has committed."""
        try:
            _, found = self.client.get_blob_client(key).get_block_list("uncommitted")
        except ResourceNotFoundError:
            return []
        return [(block.id, block.size) for block in found]


def refuse_by_url(exchange: Exchange) -> None:
    """Answer as gateways do that repeat the URL of what they don't let through."""
    exchange.read()
    body = f"No way to {exchange.request.path}?{exchange.request.query}".encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    exchange.send(Answer(403, headers, body))
