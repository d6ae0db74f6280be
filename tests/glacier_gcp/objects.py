"""What lies in one bucket of the rig, seen past Glacier."""

import json
from xml.etree import ElementTree as ET

from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import Client
from google.oauth2 import service_account

from glacier.storage import new_token
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Request, error
from tests.stores.buckets import Words

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def sends(request: Request) -> bool:
    """Return whether a request brings something."""
    return request.method in {"POST", "PUT"}


WORDS = Words(
    busy="SlowDown",
    denied="AccessDenied",
    refusals={
        "503": error(503, "SlowDown"),
        "denied": error(403, "AccessDenied"),
        "expired": error(401, "AuthenticationRequired"),
    },
    requests={
        "write": {"method": "PUT"},
        "part": {"method": "PUT", "query": "partNumber"},
        "complete": {"query": "^uploadId=|upload_id=", "when": sends},
        "put": {"method": "PUT", "query": "^$"},
        "list": {"method": "GET", "path": "/o$"},
        "delete": {"method": "DELETE"},
    },
)


class Objects:
    """A new bucket.

    Attributes:
        name: The bucket's name.
        client: A client that goes to the server itself.
    """

    def __init__(self, server: GcpServer) -> None:
        self.name = f"glacier-{new_token()}"
        self._url = f"{server.endpoint}/{self.name}"
        credentials = service_account.Credentials.from_service_account_info(
            json.loads(server.key()), scopes=[SCOPE]
        )
        self._http = AuthorizedSession(credentials)
        self.client = Client(
            PROJECT, credentials=credentials, client_options={"api_endpoint": server.endpoint}
        )
        self.client.create_bucket(self.name)

    def uri(self, path: str) -> str:
        """Return the URI of a path in it."""
        return f"gs://{self.name}/{path}"

    def put(self, key: str, body: bytes) -> None:
        """Write an object as somebody else would."""
        self.client.bucket(self.name).blob(key).upload_from_string(body)

    def keys(self) -> list[str]:
        """Return the names of all objects."""
        return [blob.name for blob in self.client.list_blobs(self.name)]

    def bodies(self) -> dict[str, bytes]:
        """Return what all objects hold, by name."""
        bucket = self.client.bucket(self.name)
        return {key: bucket.blob(key).download_as_bytes() for key in self.keys()}

    def uploads(self) -> list[str]:
        """Return the names of all multipart uploads that are neither completed nor aborted."""
        answer = self._http.get(f"{self._url}?uploads")
        answer.raise_for_status()
        return [one.text or "" for one in ET.fromstring(answer.text).findall(".//{*}Upload/{*}Key")]

    def left_behind(self) -> list[str]:
        """Return the same; resumable uploads end by themselves."""
        return self.uploads()

    def begin(self, key: str) -> None:
        """Begin an upload and leave it, as a process does that is killed."""
        self._http.post(f"{self._url}/{key}?uploads").raise_for_status()
