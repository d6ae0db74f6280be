"""Making a bucket, and bringing its settings to what they are settled to be."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Conflict, PreconditionFailed

from glacier.drift import Difference, differences, missing
from glacier.errors import StorageError
from glacier.overrides import overridden
from glacier_gcp.answers import answer_of
from glacier_gcp.errors import foreign_bucket
from glacier_gcp.http import send
from glacier_gcp.labels import labels_of

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession
    from glacier_gcp.storage.rules import CorsRule, LifecycleRule
    from glacier_gcp.storage.settings import BucketSettings

Fields = dict[str, Any]
"""Fields of a request, or of an answer."""

_TRIES = 5
_GOOGLES_OWN = "goog-"
_SECONDS_OF_A_DAY = 86_400


def deploy_bucket(
    session: "GcpSession", settings: "BucketSettings", tags: Mapping[str, str]
) -> None:
    """Make a bucket if it is missing, and bring those of its settings up to date that differ.

    What is not set goes back to its default: rules, labels, a retention policy and a key that
    nobody names are removed, and versioning is switched off. A bucket that is there, and of which
    no config speaks, gets the labels and keeps all that it has. What others change at the same
    time is looked at again.

    Raises:
        AccessDeniedError: The bucket belongs to another project.
        StorageError: The bucket is in another location, or others change it all the time.
        GoogleAPIError: Google refuses.
    """
    wanted = bucket_request(settings, tags)
    last: Exception | None = None
    for _ in range(_TRIES):
        try:
            if _is_brought_to(wanted, session, settings):
                return
        except PreconditionFailed as error:
            answer = answer_of(error)
            if answer is not None and answer.is_of_organisation:
                raise
            last = error
    raise StorageError(
        f"Others change the bucket {settings.name!r} faster than it can be brought up to date, "
        f"after {_TRIES} tries. Deploy it again when they have done."
    ) from last


def _is_brought_to(wanted: Fields, session: "GcpSession", settings: "BucketSettings") -> bool:
    """Make or change a bucket; return False where it was made by somebody else meanwhile."""
    present = own_bucket(session, settings.name)
    if present is None:
        return _create(session, settings, wanted)
    _check_location(session, settings, present["location"])
    change = _difference(_wanted_of(settings, wanted, present), present)
    change.pop("location", None)
    if change:
        _patch(session, settings.name, change, present["metageneration"])
    return True


def bucket_drift(
    session: "GcpSession", settings: "BucketSettings", tags: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield where a bucket differs from its settings.

    Raises:
        GoogleAPIError: Google refuses to tell.
    """
    thing, present = f"bucket {settings.name!r}", own_bucket(session, settings.name)
    if present is None:
        yield missing(thing)
        return
    wanted = _wanted_of(settings, bucket_request(settings, tags), present)
    location = str(wanted.pop("location", present["location"]))
    if location.lower() != present["location"].lower():
        yield Difference(thing, "location", location, present["location"])
    yield from differences(thing, _difference(wanted, present), present)


def own_bucket(session: "GcpSession", name: str) -> Fields | None:
    """Return a bucket of the config's project as the JSON API tells it; None where it has none.

    A bucket says the number of its project, and configs its name. So the project is asked for the
    bucket, whose name is the first of those that start with it.

    Raises:
        GoogleAPIError: Google refuses to say.
    """
    query: Fields = {"project": session.config.project, "prefix": name, "maxResults": 1}
    url = f"{session.storage_endpoint}/storage/v1/b"
    while True:  # a page may have fewer than it could, also none
        page = send(session, "GET", url, params=query).json()
        found: list[Fields] = page.get("items", [])
        if found or not page.get("nextPageToken"):
            return next((one for one in found if one["name"] == name), None)
        query["pageToken"] = page["nextPageToken"]


def bucket_request(settings: "BucketSettings", tags: Mapping[str, str]) -> Fields:
    """Return a bucket as the JSON API has it; what is not set is there as None."""
    days, seconds = settings.soft_delete_retention_days, settings.retention_seconds
    rules = [lifecycle_request(rule) for rule in settings.lifecycle_rules]
    key = settings.kms_key_name
    request: Fields = {
        "storageClass": settings.storage_class,
        "versioning": {"enabled": settings.versioning},
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": settings.uniform_bucket_level_access},
            "publicAccessPrevention": settings.public_access_prevention,
        },
        "lifecycle": {"rule": rules} if rules else None,
        "cors": [_cors_request(rule) for rule in settings.cors] or None,
        "encryption": None if key is None else {"defaultKmsKeyName": key},
        "retentionPolicy": None if seconds is None else {"retentionPeriod": str(seconds)},
        "labels": labels_of(tags),
    }
    if days is not None:
        request["softDeletePolicy"] = {"retentionDurationSeconds": str(days * _SECONDS_OF_A_DAY)}
    return overridden(request, settings.request_overrides)


def lifecycle_request(rule: "LifecycleRule") -> Fields:
    """Return a lifecycle rule as the API has it."""
    condition = rule.condition.model_dump(mode="json", include=set(rule.condition.names))
    return {
        "action": _in_google_case(rule.action.model_dump(exclude_none=True)),
        "condition": _in_google_case(condition),
    }


def _cors_request(rule: "CorsRule") -> Fields:
    return _in_google_case(
        {name: value for name, value in rule.model_dump().items() if value not in (None, [])}
    )


def _create(session: "GcpSession", settings: "BucketSettings", wanted: Fields) -> bool:
    """Make a bucket; return False where somebody of the project has made it meanwhile.

    Raises:
        AccessDeniedError: The name is another project's.
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    body = {"location": session.config.region, **given, "name": settings.name}
    url, query = f"{session.storage_endpoint}/storage/v1/b", {"project": session.config.project}
    try:
        send(session, "POST", url, params=query, json=body)
    except Conflict as error:
        if own_bucket(session, settings.name) is None:
            raise foreign_bucket(settings.name, session) from error
        return False
    return True


def _patch(session: "GcpSession", name: str, change: Fields, metageneration: str) -> None:
    """Change a bucket, if nobody else has done so since it was looked at."""
    url = f"{session.storage_endpoint}/storage/v1/b/{name}"
    send(session, "PATCH", url, params={"ifMetagenerationMatch": metageneration}, json=change)


def _check_location(session: "GcpSession", settings: "BucketSettings", there: str) -> None:
    """Refuse a location that configs set and that is not the bucket's.

    Raises:
        StorageError: They do.
    """
    config = session.config
    region = config.region if "region" in config.model_fields_set else None
    wanted = str(settings.request_overrides.get("location") or region or there)
    if wanted.lower() != there.lower():
        raise StorageError(
            f"The bucket {settings.name!r} is in {there.lower()!r}, and configs say "
            f"{wanted.lower()!r}. A bucket can't move: set GcpConfig(region=...) to where it is, "
            f"or GcsConfig(overrides={{'buckets': {{'location': '{there}'}}}}), or choose another "
            "name.",
            location=there.lower(),
        )


def _wanted_of(settings: "BucketSettings", wanted: Fields, present: Fields) -> Fields:
    """Return what a bucket that is there has to be.

    With None for labels that nobody names, but for Google's own; of one that no config speaks of,
    the labels alone.
    """
    if not settings.is_described:
        return {"labels": wanted["labels"]}
    if "labels" not in wanted:
        return wanted
    gone = [name for name in present.get("labels", {}) if not name.startswith(_GOOGLES_OWN)]
    labels = {**dict.fromkeys(gone), **wanted["labels"]}
    return {**wanted, "labels": labels}


def _difference(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> Fields:
    """Return those fields that differ from what is there; what is empty may as well be missing."""
    found: Fields = {}
    for name, value in wanted.items():
        before = present.get(name)
        if isinstance(value, Mapping):
            inner = _difference(value, before if isinstance(before, Mapping) else {})
            if inner:
                found[name] = inner
        elif value != before and (value or before):
            found[name] = value
    return found


def _in_google_case(fields: Mapping[str, Any]) -> Fields:
    """Return fields with names such as `numNewerVersions`."""
    return {_camel(name): value for name, value in fields.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(one.capitalize() for one in others)
