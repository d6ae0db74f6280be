"""What the predefined roles permit, as far as the rig knows them.

https://cloud.google.com/storage/docs/access-control/iam-roles
"""

_READ = {"storage.objects.get", "storage.objects.list"}
_UPLOADS = {
    "storage.multipartUploads.create",
    "storage.multipartUploads.abort",
    "storage.multipartUploads.listParts",
}
_WRITE = {"storage.objects.create", "storage.objects.delete"}
_USE = {
    *_READ,
    *_WRITE,
    *_UPLOADS,
    "storage.objects.update",
    "storage.objects.move",
    "storage.multipartUploads.list",
}
_BUCKET_READ = {"storage.buckets.get", "storage.objects.list", "storage.multipartUploads.list"}
_BUCKET_WRITE = {*_BUCKET_READ, *_WRITE, *_UPLOADS}
_POLICY = {"storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"}
_BUCKET_ADMIN = {
    "storage.buckets.create",
    "storage.buckets.delete",
    "storage.buckets.get",
    "storage.buckets.list",
    "storage.buckets.update",
    *_POLICY,
}
_DATAPROC_READ = {
    f"dataproc.{kind}.{verb}"
    for kind in ("batches", "clusters", "jobs", "operations")
    for verb in ("get", "list")
}
_DATAPROC_WRITE = {
    f"dataproc.{one}"
    for one in ("batches.create", "clusters.create", "clusters.update", "jobs.create")
} | {"dataproc.jobs.cancel", "dataproc.operations.cancel"}
_OBJECT_POLICY = {"storage.objects.getIamPolicy", "storage.objects.setIamPolicy"}
_RETENTION = {"storage.objects.setRetention", "storage.objects.overrideUnlockedRetention"}

ROLES: dict[str, frozenset[str]] = {
    name: frozenset(permissions)
    for name, permissions in {
        "roles/storage.objectViewer": _READ,
        "roles/storage.objectCreator": {"storage.objects.create", *_UPLOADS},
        "roles/storage.objectUser": _USE,
        "roles/storage.objectAdmin": {*_USE, *_OBJECT_POLICY, *_RETENTION},
        "roles/storage.admin": {*_USE, *_OBJECT_POLICY, *_RETENTION, *_BUCKET_ADMIN},
        "roles/storage.bucketViewer": {"storage.buckets.get", "storage.buckets.list"},
        "roles/storage.legacyBucketReader": _BUCKET_READ,
        "roles/storage.legacyBucketWriter": _BUCKET_WRITE,
        "roles/storage.legacyBucketOwner": {*_BUCKET_WRITE, *_POLICY, "storage.buckets.update"},
        "roles/storage.legacyObjectReader": {"storage.objects.get"},
        "roles/storage.legacyObjectOwner": {
            "storage.objects.get",
            "storage.objects.update",
            *_OBJECT_POLICY,
        },
        "roles/dataproc.editor": {*_DATAPROC_READ, *_DATAPROC_WRITE},
        "roles/dataproc.viewer": _DATAPROC_READ,
        "roles/iam.serviceAccountTokenCreator": {
            "iam.serviceAccounts.getAccessToken",
            "iam.serviceAccounts.getOpenIdToken",
            "iam.serviceAccounts.signBlob",
            "iam.serviceAccounts.signJwt",
        },
        "roles/iam.serviceAccountOpenIdTokenCreator": {"iam.serviceAccounts.getOpenIdToken"},
        "roles/iam.serviceAccountUser": {"iam.serviceAccounts.actAs"},
        "roles/iam.serviceAccountAdmin": {
            "iam.serviceAccounts.create",
            "iam.serviceAccounts.delete",
            "iam.serviceAccounts.get",
        },
        "roles/run.invoker": {"run.routes.invoke"},
        "roles/cloudfunctions.viewer": {
            "cloudfunctions.functions.get",
            "cloudfunctions.operations.get",
        },
        "roles/cloudfunctions.developer": {
            "cloudfunctions.functions.create",
            "cloudfunctions.functions.delete",
            "cloudfunctions.functions.get",
            "cloudfunctions.functions.sourceCodeSet",
            "cloudfunctions.functions.update",
            "cloudfunctions.operations.get",
        },
    }.items()
}
OWNER_ROLE = "roles/owner"
