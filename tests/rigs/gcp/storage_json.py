"""The JSON API of Cloud Storage: its routes.

https://cloud.google.com/storage/docs/json_api/v1
"""

from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.json_batch import Batches
from tests.rigs.gcp.json_buckets import Buckets
from tests.rigs.gcp.json_copies import Copies
from tests.rigs.gcp.json_objects import Objects
from tests.rigs.gcp.json_uploads import Uploads

ROOT = "/storage/v1"
BUCKET = f"{ROOT}/b/{{bucket}}"
OBJECT = f"{BUCKET}/o/{{name}}"
TARGET = "b/{bucket_to}/o/{name_to}"


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes of the JSON API."""
    buckets, objects = Buckets(cloud), Objects(cloud)
    copies, uploads = Copies(cloud), Uploads(cloud)
    return [
        Route(f"{ROOT}/b", buckets.list, methods=["GET"]),
        Route(f"{ROOT}/b", buckets.insert, methods=["POST"]),
        Route(BUCKET, buckets.get, methods=["GET"]),
        Route(BUCKET, buckets.change, methods=["PATCH", "PUT"]),
        Route(BUCKET, buckets.delete, methods=["DELETE"]),
        Route(f"{BUCKET}/iam", buckets.policy, methods=["GET"]),
        Route(f"{BUCKET}/iam", buckets.set_policy, methods=["PUT"]),
        Route(f"{BUCKET}/iam/testPermissions", buckets.test_permissions, methods=["GET"]),
        Route(f"{BUCKET}/lockRetentionPolicy", buckets.lock_retention, methods=["POST"]),
        Route(f"{BUCKET}/o", objects.list, methods=["GET"]),
        Route(OBJECT, objects.get, methods=["GET"]),
        Route(OBJECT, objects.change, methods=["PATCH", "PUT"]),
        Route(OBJECT, objects.delete, methods=["DELETE"]),
        Route(f"/download{OBJECT}", objects.download, methods=["GET"]),
        Route(f"{OBJECT}/copyTo/{TARGET}", copies.copy, methods=["POST"]),
        Route(f"{OBJECT}/rewriteTo/{TARGET}", copies.rewrite, methods=["POST"]),
        Route(f"{OBJECT}/moveTo/o/{{name_to}}", copies.move, methods=["POST"]),
        Route(f"{OBJECT}/compose", copies.compose, methods=["POST"]),
        Route(f"/upload{BUCKET}/o", uploads.insert, methods=["POST", "PUT"]),
        Route(f"/upload{BUCKET}/o", uploads.cancel, methods=["DELETE"]),
        Route("/batch/storage/v1", Batches(cloud).run, methods=["POST"]),
    ]
