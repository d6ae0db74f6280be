"""What lies in one bucket of the rig, seen past Glacier."""

from typing import TYPE_CHECKING

import boto3

from glacier.storage import new_token
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer
from tests.rigs.proxy import error
from tests.stores.buckets import Words

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WORDS = Words(
    busy="SlowDown",
    denied="AccessDenied",
    refusals={
        "503": error(503, "SlowDown"),
        "denied": error(403, "AccessDenied"),
        "expired": error(400, "ExpiredToken"),
    },
    requests={
        "write": {"method": "PUT"},
        "part": {"method": "PUT", "query": "partNumber"},
        "complete": {"method": "POST", "query": "^uploadId"},
        "put": {"method": "PUT", "query": "^$"},
        "list": {"method": "GET", "query": "list-type=2"},
        "delete": {"method": "POST", "query": "^delete"},
    },
)


class Objects:
    """A new bucket.

    Attributes:
        name: The bucket's name.
        client: A client that goes to the server itself.
    """

    def __init__(self, server: AwsServer) -> None:
        self.name = f"glacier-{new_token()}"
        self.client: S3Client = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        self.client.create_bucket(Bucket=self.name)

    def uri(self, path: str) -> str:
        """Return the URI of a path in it."""
        return f"s3://{self.name}/{path}"

    def put(self, key: str, body: bytes) -> None:
        """Write an object as somebody else would."""
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def keys(self) -> list[str]:
        """Return the keys of all objects."""
        return list(self.bodies())

    def bodies(self) -> dict[str, bytes]:
        """Return what all objects hold, by key."""
        listed = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        found = {}
        for entry in listed:
            answer = self.client.get_object(Bucket=self.name, Key=entry["Key"])
            found[entry["Key"]] = answer["Body"].read()
        return found

    def uploads(self) -> list[str]:
        """Return the keys of all uploads that are neither completed nor aborted."""
        listed = self.client.list_multipart_uploads(Bucket=self.name)
        return [entry["Key"] for entry in listed.get("Uploads", [])]

    def left_behind(self) -> list[str]:
        """Return the keys of uploads, which stay until a rule of the bucket ends them."""
        return self.uploads()

    def begin(self, key: str) -> str:
        """Begin an upload and leave it, as a process does that is killed."""
        return self.client.create_multipart_upload(Bucket=self.name, Key=key)["UploadId"]
