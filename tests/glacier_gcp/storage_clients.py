"""Google's client for the rig's storage, and what Polars needs to reach it."""

import json
import uuid
from typing import Any

import requests
from google.auth.transport.requests import Request
from google.cloud.storage import Bucket, Client
from google.oauth2 import service_account

from tests.rigs.gcp.accounts import OWNER
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def credentials(server: GcpServer, email: str = OWNER) -> service_account.Credentials:
    """Return the credentials that an account's key gives."""
    info = json.loads(server.key(email))
    found: service_account.Credentials = service_account.Credentials.from_service_account_info(
        info, scopes=SCOPES
    )
    return found


def token_of(server: GcpServer, email: str = OWNER) -> str:
    """Return a new token of an account."""
    found = credentials(server, email)
    found.refresh(Request())
    return str(found.token)


def client_of(server: GcpServer, email: str = OWNER) -> Client:
    """Return Google's own client."""
    return Client(
        project=PROJECT,
        credentials=credentials(server, email),
        client_options={"api_endpoint": server.endpoint},
    )


def new_bucket(client: Client, **fields: Any) -> Bucket:
    """Create a bucket of which nobody else knows."""
    bucket = client.bucket(f"glacier-{uuid.uuid4().hex[:12]}")
    for name, value in fields.items():
        setattr(bucket, name, value)
    return client.create_bucket(bucket, location="europe-west1")


def get_of(server: GcpServer, bucket: Bucket, token: str | None) -> requests.Response:
    """Read the object `in/x` of a bucket by the XML API; anonymously where there is no token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{server.endpoint}/{bucket.name}/in/x", headers=headers, timeout=10)
