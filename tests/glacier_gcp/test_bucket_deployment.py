"""Deploying buckets: what Cloud Storage holds afterwards, and after a change."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from google.auth.transport.requests import AuthorizedSession

from glacier import Provider
from glacier.errors import AccessDeniedError, ContradictionError, StorageError
from glacier.jobs.staging import prepared_staging
from glacier_gcp.config import GcsConfig
from glacier_gcp.session import session_of
from tests.rigs.gcp.server import REGION, GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Answer, Exchange, Fault, Proxy, drop

COLDLINE = {"type": "SetStorageClass", "storage_class": "COLDLINE"}
ARCHIVE: dict[str, Any] = {"action": COLDLINE, "condition": {"age": 30}}
EXPIRE: dict[str, Any] = {"action": {"type": "Delete"}, "condition": {"age": 0}}
OPEN = {"origin": ["https://example.com"], "method": ["GET"], "max_age_seconds": 60}
KEY = f"projects/{PROJECT}/locations/{REGION}/keyRings/r/cryptoKeys/k"
ROWS = pl.DataFrame({"n": [1, 2, 3]})
SETTINGS = (
    *("location", "storageClass", "versioning", "lifecycle", "iamConfiguration", "encryption"),
    *("retentionPolicy", "softDeletePolicy", "cors", "labels", "autoclass"),
)


class Control:
    """Buckets of the rig, seen and changed past Glacier."""

    def __init__(self, server: GcpServer) -> None:
        self._http: AuthorizedSession = session_of(server.config()).http
        self._url = f"{server.endpoint}/storage/v1/b"

    def told(self, name: str) -> dict[str, Any]:
        """Return what Cloud Storage says of a bucket."""
        answer = self._http.get(f"{self._url}/{name}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def settings(self, name: str) -> dict[str, Any]:
        """Return the settings of a bucket, without those that are not set or switched off."""
        found = {key: value for key, value in self.told(name).items() if key in SETTINGS}
        found.get("retentionPolicy", {}).pop("effectiveTime", None)
        found.get("softDeletePolicy", {}).pop("effectiveTime", None)
        empty: tuple[Any, ...] = ({}, [], None, {"enabled": False})
        return {key: value for key, value in found.items() if value not in empty}

    def change(self, name: str, **fields: Any) -> None:
        """Change a bucket as somebody else would."""
        self._http.patch(f"{self._url}/{name}", json=fields).raise_for_status()

    def make(self, name: str, project: str = PROJECT, **fields: Any) -> None:
        """Make a bucket as somebody else would."""
        body = {"name": name, "location": REGION, **fields}
        self._http.post(self._url, params={"project": project}, json=body).raise_for_status()


@pytest.fixture
def control(gcp_server: GcpServer) -> Control:
    return Control(gcp_server)


@pytest.fixture
def name() -> str:
    return f"lake-{uuid4().hex}"


DEFAULTS: dict[str, Any] = {
    "location": REGION.upper(),
    "storageClass": "STANDARD",
    "iamConfiguration": {
        "uniformBucketLevelAccess": {"enabled": True},
        "publicAccessPrevention": "enforced",
    },
}


def test_bucket_without_config_is_safe(provider: Provider, control: Control, name: str) -> None:
    provider.bucket(name).deploy()

    assert control.settings(name) == DEFAULTS


def test_every_setting_is_deployed(gcp_server: GcpServer, control: Control, name: str) -> None:
    provider = Provider(config=gcp_server.config(), tags={"team": "data", "Cost Center": "R&D"})
    config = GcsConfig(
        storage_class="NEARLINE",
        versioning=True,
        lifecycle_rules=[ARCHIVE],
        uniform_bucket_level_access=False,
        public_access_prevention="inherited",
        kms_key_name=KEY,
        retention_seconds=60,
        soft_delete_retention_days=14,
        cors=[OPEN],
    )

    provider.bucket(name, "hot-data/", config=config).deploy()

    assert control.settings(name) == {
        "location": REGION.upper(),
        "storageClass": "NEARLINE",
        "versioning": {"enabled": True},
        "lifecycle": {
            "rule": [
                {
                    "action": {"type": "SetStorageClass", "storageClass": "COLDLINE"},
                    "condition": {"age": 30, "matchesPrefix": ["hot-data/"]},
                }
            ]
        },
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": False},
            "publicAccessPrevention": "inherited",
        },
        "encryption": {"defaultKmsKeyName": KEY},
        "retentionPolicy": {"retentionPeriod": "60"},
        "softDeletePolicy": {"retentionDurationSeconds": "1209600"},
        "cors": [{"origin": ["https://example.com"], "method": ["GET"], "maxAgeSeconds": 60}],
        "labels": {"team": "data", "cost-center": "r-d"},
    }


def test_deploying_again_asks_once_and_changes_nothing(
    gcp_server: GcpServer, control: Control, name: str
) -> None:
    config = GcsConfig(
        lifecycle_rules=[ARCHIVE, EXPIRE],
        retention_seconds=60,
        soft_delete_retention_days=0,
        cors=[OPEN],
        kms_key_name=KEY,
    )
    bucket = Provider(config=gcp_server.config(), tags={"team": "data"}).bucket(name, config=config)
    bucket.deploy()
    before = control.told(name)
    gcp_server.requests(forget=True)

    bucket.deploy()

    asked = [(one["method"], one["path"]) for one in gcp_server.requests()]
    assert asked == [("GET", "/storage/v1/b")]
    assert control.told(name) == before


def test_settings_that_nobody_names_any_more_are_reset(
    gcp_server: GcpServer, control: Control, name: str
) -> None:
    config = GcsConfig(
        storage_class="ARCHIVE",
        versioning=True,
        lifecycle_rules=[ARCHIVE],
        kms_key_name=KEY,
        retention_seconds=60,
        cors=[OPEN],
    )
    before = Provider(config=gcp_server.config(), tags={"team": "data"})
    before.bucket(name, config=config).deploy()

    Provider(config=gcp_server.config()).bucket(name, config=GcsConfig()).deploy()

    assert control.settings(name) == DEFAULTS


def test_soft_delete_that_nobody_names_stays(
    provider: Provider, control: Control, name: str
) -> None:
    config = GcsConfig(soft_delete_retention_days=30)
    provider.bucket(name, config=config).deploy()

    Provider(config=provider.config).bucket(name).deploy()

    assert control.settings(name)["softDeletePolicy"] == {"retentionDurationSeconds": "2592000"}


def test_only_what_differs_is_changed(
    gcp_server: GcpServer, provider: Provider, control: Control, name: str
) -> None:
    """What others have set, and Glacier does not know of, stays as well."""
    control.make(name, website={"mainPageSuffix": "index.html"}, **DEFAULTS)
    provider.bucket(name, "kept.parquet").write(ROWS)
    other = Provider(config=provider.config)

    other.bucket(name, config=GcsConfig(storage_class="COLDLINE")).deploy()

    assert control.settings(name) == {**DEFAULTS, "storageClass": "COLDLINE"}
    assert control.told(name)["website"] == {"mainPageSuffix": "index.html"}
    assert control.told(name)["metageneration"] == "2"
    assert provider.bucket(name, "kept.parquet").read().equals(ROWS)


def test_labels_of_google_itself_stay(gcp_server: GcpServer, control: Control, name: str) -> None:
    control.make(name, labels={"goog-terraform-provisioned": "true", "team": "sales", "old": "x"})
    provider = Provider(config=gcp_server.config(), tags={"team": "data"})

    provider.bucket(name, config=GcsConfig()).deploy()

    labels = {"goog-terraform-provisioned": "true", "team": "data"}
    assert control.told(name)["labels"] == labels


def test_bucket_that_no_config_describes_keeps_what_it_has(
    gcp_server: GcpServer, control: Control, name: str
) -> None:
    """Somebody else has set it up, and it is there to be read."""
    theirs = GcsConfig(versioning=True, lifecycle_rules=[ARCHIVE], retention_seconds=60)
    other = Provider(config=gcp_server.config(), tags={"owner": "ops"})
    other.bucket(name, config=theirs).deploy()
    before = control.settings(name)
    ours = Provider(config=gcp_server.config(), tags={"team": "data"})
    bucket = ours.bucket(name, "raw/")

    found = [str(one) for one in ours.drift()]
    bucket.deploy()

    assert control.settings(name) == {**before, "labels": {"owner": "ops", "team": "data"}}
    assert [one.partition(" is ")[0] for one in found] == [f"bucket '{name}': labels.team"]
    assert ours.drift() == ()


def test_every_condition_of_a_lifecycle_rule_is_deployed(
    provider: Provider, control: Control, name: str
) -> None:
    condition = {
        "age": 0,
        "created_before": "2026-01-31",
        "custom_time_before": "2026-02-28",
        "days_since_custom_time": 3,
        "days_since_noncurrent_time": 4,
        "noncurrent_time_before": "2026-03-31",
        "num_newer_versions": 2,
        "is_live": False,
        "matches_prefix": ["tmp/"],
        "matches_suffix": [".csv"],
        "matches_storage_class": ["STANDARD"],
    }
    uploads = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 2}}
    rules = [{"action": {"type": "Delete"}, "condition": condition}, uploads]

    provider.bucket(name, config=GcsConfig(lifecycle_rules=rules)).deploy()

    assert control.settings(name)["lifecycle"]["rule"] == [
        {
            "action": {"type": "Delete"},
            "condition": {
                "age": 0,
                "createdBefore": "2026-01-31",
                "customTimeBefore": "2026-02-28",
                "daysSinceCustomTime": 3,
                "daysSinceNoncurrentTime": 4,
                "noncurrentTimeBefore": "2026-03-31",
                "numNewerVersions": 2,
                "isLive": False,
                "matchesPrefix": ["tmp/"],
                "matchesSuffix": [".csv"],
                "matchesStorageClass": ["STANDARD"],
            },
        },
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 2}},
    ]


def test_two_paths_are_one_bucket_with_the_rules_of_both(
    provider: Provider, control: Control, name: str
) -> None:
    hot = provider.bucket(name, "hot-data/", config=GcsConfig(lifecycle_rules=[ARCHIVE]))
    cold = provider.bucket(name, "archive/", config=GcsConfig(lifecycle_rules=[EXPIRE]))

    hot.deploy()
    after_hot = control.told(name)
    cold.deploy()

    rules = after_hot["lifecycle"]["rule"]
    assert [one["condition"]["matchesPrefix"] for one in rules] == [["hot-data/"], ["archive/"]]
    assert control.told(name) == after_hot


def test_contradicting_versioning_is_an_error_that_names_both(
    provider: Provider, name: str
) -> None:
    provider.bucket(name, "hot/", config=GcsConfig(versioning=True))
    cold = provider.bucket(name, "cold/", config=GcsConfig(versioning=False))

    with pytest.raises(ContradictionError, match=r"'hot/'.*versioning=True.*'cold/'.*=False"):
        cold.deploy()

    assert not Provider(config=provider.config).bucket(name).exists()


def test_bucket_of_another_region_is_left_alone(
    gcp_server: GcpServer, provider: Provider, control: Control, name: str
) -> None:
    Provider(config=gcp_server.config(region="europe-west3")).bucket(name).deploy()

    with pytest.raises(StorageError, match=r"is in 'europe-west3', and configs say 'europe-west1'"):
        provider.bucket(name, config=GcsConfig(versioning=True)).deploy()

    assert "versioning" not in control.settings(name)


def test_region_that_nobody_names_contradicts_no_bucket(
    gcp_server: GcpServer, control: Control, name: str
) -> None:
    control.make(name, location="EU")
    config = gcp_server.config()
    anywhere = config.model_copy(update={"region": "us-central1"})
    anywhere.model_fields_set.discard("region")

    Provider(config=anywhere).bucket(name, config=GcsConfig(versioning=True)).deploy()

    assert control.settings(name)["versioning"] == {"enabled": True}


def test_overrides_go_into_the_request(provider: Provider, control: Control, name: str) -> None:
    overrides = {
        "buckets": {"location": "EU", "storageClass": None, "autoclass": {"enabled": True}},
        "google_storage_bucket": {"force_destroy": True},
    }
    bucket = provider.bucket(name, config=GcsConfig(overrides=overrides))

    bucket.deploy()
    first = control.told(name)
    bucket.deploy()

    assert (first["location"], first["autoclass"]) == ("EU", {"enabled": True})
    assert "force_destroy" not in first
    assert control.told(name) == first


def test_bucket_of_another_project_is_left_alone(
    provider: Provider, control: Control, name: str
) -> None:
    control.make(name, "somebody-elses")

    with pytest.raises(AccessDeniedError, match="belongs to another project than 'glacier-test'"):
        provider.bucket(name, config=GcsConfig(versioning=True)).deploy()

    assert "versioning" not in control.settings(name)


def test_bucket_whose_name_another_one_starts_with_is_made(
    provider: Provider, control: Control, name: str
) -> None:
    control.make(f"{name}-2")

    provider.bucket(name).deploy()

    assert control.settings(name) == DEFAULTS


def test_bucket_is_found_behind_a_page_without_any(
    watched: Provider, proxy: Proxy, control: Control, name: str
) -> None:
    """Google may answer with fewer buckets than it has, and says that there are more."""
    control.make(name)
    body = b'{"kind": "storage#buckets", "nextPageToken": "a"}'
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    proxy.on(lambda exchange: exchange.send(Answer(200, headers, body)), method="GET", times=1)

    watched.bucket(name, config=GcsConfig(versioning=True)).deploy()

    assert control.settings(name)["versioning"] == {"enabled": True}
    assert [one.method for one in proxy.requests] == ["GET", "GET", "PATCH"]


# What others do at the same time.


def after(work: Callable[[], None]) -> Fault:
    """Return a fault that does something before the server gets a request."""

    def play(exchange: Exchange) -> None:
        work()
        exchange.send(exchange.forward())

    return play


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    with Proxy(gcp_server.endpoint) as server:
        yield server


@pytest.fixture
def watched(gcp_server: GcpServer, proxy: Proxy) -> Provider:
    """The project as it is reached by the proxy."""
    return Provider(config=gcp_server.config(endpoint=proxy.endpoint))


def test_change_that_somebody_makes_meanwhile_stays(
    watched: Provider, proxy: Proxy, control: Control, name: str
) -> None:
    control.make(name)
    website = {"mainPageSuffix": "index.html"}
    theirs = after(lambda: control.change(name, website=website, storageClass="ARCHIVE"))
    proxy.on(theirs, method="PATCH", times=1)

    watched.bucket(name, config=GcsConfig()).deploy()

    assert control.settings(name) == DEFAULTS
    assert control.told(name)["website"] == website
    assert [one.method for one in proxy.requests] == ["GET", "PATCH", "GET", "PATCH"]


def test_bucket_that_others_change_all_the_time_is_told(
    watched: Provider, proxy: Proxy, control: Control, name: str
) -> None:
    control.make(name)
    proxy.on(after(lambda: control.change(name, rpo="DEFAULT")), method="PATCH")

    with pytest.raises(StorageError, match=f"Others change the bucket '{name}' faster .* 5 tries"):
        watched.bucket(name, config=GcsConfig()).deploy()


def test_bucket_that_a_colleague_makes_meanwhile_is_brought_up_to_date(
    watched: Provider, proxy: Proxy, control: Control, name: str
) -> None:
    proxy.on(after(lambda: control.make(name)), method="POST", times=1)

    watched.bucket(name, config=GcsConfig()).deploy()

    assert control.settings(name) == DEFAULTS


def test_bucket_that_a_stranger_makes_meanwhile_is_left_alone(
    watched: Provider, proxy: Proxy, control: Control, name: str
) -> None:
    proxy.on(after(lambda: control.make(name, "somebody-elses")), method="POST", times=1)

    with pytest.raises(AccessDeniedError, match=f"{name}' belongs to another project"):
        watched.bucket(name).deploy()


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_answer_that_is_lost_does_no_harm(
    method: str, watched: Provider, proxy: Proxy, control: Control, name: str
) -> None:
    if method == "PATCH":
        control.make(name)
    proxy.on(drop, method=method, times=1)

    watched.bucket(name, config=GcsConfig()).deploy()

    assert control.settings(name) == DEFAULTS


# The bucket through which jobs travel.


@pytest.fixture
def region(gcp_server: GcpServer) -> Iterator[str]:
    """A region in which nothing is staged."""
    yield "europe-north1"
    gcp_server.forget()


def test_default_staging_is_made_once_and_privately(
    gcp_server: GcpServer, control: Control, region: str
) -> None:
    provider = Provider(config=gcp_server.config(region=region))
    staging = prepared_staging(provider)
    gcp_server.requests(forget=True)

    prepared_staging(provider)

    assert [one["method"] for one in gcp_server.requests()] == ["GET"]
    assert staging.get_uri() == f"gs://glacier-staging-{PROJECT}-{region}/jobs/"
    assert control.settings(staging.bucket_name) == {**DEFAULTS, "location": region.upper()}


def test_default_staging_of_another_project_is_refused(
    gcp_server: GcpServer, control: Control, region: str
) -> None:
    control.make(f"glacier-staging-{PROJECT}-{region}", "somebody-elses")

    with pytest.raises(AccessDeniedError, match=f"{region}' belongs to another project"):
        prepared_staging(Provider(config=gcp_server.config(region=region)))


def test_deploying_needs_rights_that_are_named(gcp_server: GcpServer, name: str) -> None:
    email = f"reader@{PROJECT}.iam.gserviceaccount.com"
    config = gcp_server.config(service_account_key=gcp_server.key(email))

    with pytest.raises(
        AccessDeniedError,
        match=rf"denied to the service account {email}: .*storage\.buckets\.list.*bucketViewer",
    ):
        Provider(config=config).bucket(name).deploy()
