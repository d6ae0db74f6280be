"""What a user is told where Google refuses, whoever has asked: its client, gcsfs or Polars."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from glacier import Bucket, Provider
from glacier.config import GcpConfig
from glacier.errors import (
    AccessDeniedError,
    ConfigError,
    GlacierError,
    ObjectNotFoundError,
    PathError,
    StorageError,
)
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.refusals import StrangersRefusal, TokenRefusal, refusal
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Proxy, stall
from tests.rigs.refusals import Refusal, RefusingStore
from tests.stores.error_cases import ASKED, LOOKED, ROWS, ErrorsOfStores, Refused, told

ETL = f"etl@{PROJECT}.iam.gserviceaccount.com"
WHO = rf"the service account {ETL}"

SAID: dict[str, tuple[Refusal, type[GlacierError], str]] = {
    "denied": (
        refusal(
            403,
            "AccessDenied",
            "forbidden",
            f"{ETL} does not have storage.objects.get access to the Google Cloud Storage object.",
        ),
        AccessDeniedError,
        rf"Access to gs://lake/.* is denied to {WHO}: .*Give it roles/storage\.objectViewer on the",
    ),
    "clock": (
        refusal(403, "RequestTimeTooSkewed", "requestTimeTooSkewed"),
        AccessDeniedError,
        # gcsfs passes on the message alone.
        r"The clock of this machine is wrong, and Google refuses|Google says so",
    ),
    "no bucket": (
        refusal(404, "NoSuchBucket", "notFound", "The specified bucket does not exist."),
        ObjectNotFoundError,
        r"The bucket 'lake' of gs://lake/.* does not exist\. Create it with .*glacier deploy",
    ),
    "retention": (
        refusal(
            403,
            "RetentionPolicyNotMet",
            "retentionPolicyNotMet",
            "Object 'lake/rows.parquet' is subject to bucket's retention policy",
        ),
        StorageError,
        r"gs://lake/.* is kept from changes by a retention policy or a hold: .*Write to another",
    ),
    "hold": (
        refusal(
            403,
            "ObjectUnderActiveHold",
            "objectUnderActiveHold",
            "Object 'lake/rows.parquet' is under active Temporary hold and cannot be deleted, "
            "overwritten or archived until hold is removed.",
        ),
        StorageError,
        r"gs://lake/.* is kept from changes by a retention policy or a hold",
    ),
    "key": (
        refusal(
            403,
            "AccessDenied",
            "forbidden",
            "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service "
            "account has been authorized to use this key.",
        ),
        AccessDeniedError,
        r"The Cloud KMS key of gs://lake/.* can't be used: .*cryptoKeyEncrypterDecrypter",
    ),
    "key is disabled": (
        refusal(
            400,
            "CloudKmsDisabledKey",
            "cloudKmsDisabledKey",
            "Cloud KMS key is disabled, destroyed, or scheduled to be destroyed.",
        ),
        AccessDeniedError,
        r"The Cloud KMS key of gs://lake/.* can't be used: .*check that it is enabled",
    ),
    "requester pays": (
        refusal(
            400,
            "UserProjectMissing",
            "required",
            "Bucket is a requester pays bucket but no user project provided.",
        ),
        AccessDeniedError,
        r"Who reads gs://lake/.* has to pay for it, and Glacier names no project that does",
    ),
    "billing": (
        refusal(
            403,
            "UserProjectAccountProblem",
            "accountDisabled",
            "The billing account for the owning project is disabled in state absent",
        ),
        AccessDeniedError,
        r"The project of gs://lake/.* has no billing account that works",
    ),
    "perimeter": (
        refusal(
            403,
            "SecurityPolicyViolated",
            "vpcServiceControls",
            "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x",
        ),
        AccessDeniedError,
        r"A service perimeter keeps this machine out of gs://lake/.*VPC Service Controls",
    ),
    "own key": (
        refusal(
            400,
            "ResourceIsEncryptedWithCustomerEncryptionKey",
            "resourceIsEncryptedWithCustomerEncryptionKey",
            "The target object is encrypted by a customer-supplied encryption key.",
        ),
        AccessDeniedError,
        r"gs://lake/.* is encrypted with a key of its own that Glacier does not have",
    ),
    "switched off": (
        refusal(
            403,
            "AccessDenied",
            "accessNotConfigured",
            "Cloud Storage API has not been used in project 1 before or it is disabled.",
        ),
        AccessDeniedError,
        r"The API of Cloud Storage is switched off for gs://lake/.*gcloud services enable",
    ),
    "other": (
        refusal(400, "UnsupportedHeader", "badRequest", "One of the headers is not supported."),
        StorageError,
        r"Cloud Storage failed at gs://lake/.*: (UnsupportedHeader|badRequest|400): One of the",
    ),
}


@contextmanager
def refusing(name: str, server: GcpServer) -> Iterator[Refused]:
    """Start a store that says so to everything."""
    answer, kind, message = SAID[name]
    with RefusingStore(answer) as store:
        config = server.config(service_account_key=server.key(ETL), endpoint=store.endpoint)
        yield Refused(Provider(config=config), kind, message)


@pytest.fixture(params=SAID, scope="module")
def refused(request: pytest.FixtureRequest, gcp_server: GcpServer) -> Iterator[Refused]:
    with refusing(request.param, gcp_server) as made:
        yield made


@pytest.fixture(params=[one for one in SAID if one != "no bucket"], scope="module")
def refused_look(request: pytest.FixtureRequest, gcp_server: GcpServer) -> Iterator[Refused]:
    with refusing(request.param, gcp_server) as made:
        yield made


class TestErrors(ErrorsOfStores):
    bucket = "bucket"
    secrets = ("PRIVATE KEY", "ya29")

    @pytest.fixture
    def hidden(self, gcp_server: GcpServer, provider: Provider, lake: Objects) -> Bucket:
        stranger = gcp_server.config(service_account_key=gcp_server.key(f"stranger@{PROJECT}"))
        provider.bucket(lake.name, "rows.parquet").write(ROWS)
        return Provider(config=stranger).bucket(lake.name, "rows.parquet")


def test_refusal_of_an_exclusive_write_is_told_by_its_reason(refused: Refused) -> None:
    with pytest.raises(refused.kind, match=refused.message) as failure:
        refused.provider.bucket("lake", "rows.parquet").write(ROWS, mode="error")

    assert type(failure.value) is refused.kind
    assert [one for one in TestErrors.secrets if one in told(failure.value)] == []


@pytest.fixture
def answered(gcp_server: GcpServer) -> Iterator[Callable[[Refusal], Provider]]:
    """Return what makes a provider whose store gives one answer to everything, and tries once."""
    with ExitStack() as stack:

        def made(answer: Refusal) -> Provider:
            store = stack.enter_context(RefusingStore(answer))
            return Provider(config=gcp_server.config(endpoint=store.endpoint, **ONCE))

        yield made


ONCE = {"retry_timeout_seconds": 0}
Answered = Callable[[Refusal], Provider]


@pytest.mark.parametrize(
    "answer",
    [
        refusal(503, "ServiceUnavailable", "backendError", "We encountered an internal error."),
        refusal(429, "SlowDown", "rateLimitExceeded", "The bucket exceeded the rate limit."),
        refusal(403, "QuotaExceeded", "quotaExceeded", "Egress bandwidth quota exceeded."),
    ],
    ids=["busy", "rate", "quota"],
)
@pytest.mark.parametrize("asked", ["write", "delete", "list", "deploy"])
def test_store_that_stays_busy_is_told(asked: str, answer: Refusal, answered: Answered) -> None:
    provider = answered(answer)

    with pytest.raises(StorageError, match=r"is too busy for gs://lake/.*Try again later"):
        {**ASKED, **LOOKED}[asked](provider)


def test_store_that_reads_find_busy_is_told(answered: Answered) -> None:
    provider = answered(refusal(503, "ServiceUnavailable", "backendError"))

    with pytest.raises(StorageError, match=r"is too busy for gs://lake/rows\.parquet"):
        ASKED["read"](provider)


@pytest.mark.parametrize("asked", ["write", "deploy"])
def test_policy_of_the_organisation_is_told(asked: str, answered: Answered) -> None:
    text = "'us-central1' violates constraint 'constraints/gcp.resourceLocations'"
    provider = answered(refusal(412, "ConstraintFailed", "orgPolicyConstraintFailed", text))

    with pytest.raises(StorageError, match=r"A policy of the organisation refuses gs://lake/"):
        {**ASKED, **LOOKED}[asked](provider)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (
            refusal(400, "x", "invalid", "The specified location constraint is not valid."),
            ConfigError,
            r"has no location 'europe-west1' for gs://lake/: .*Correct GcpConfig\(region=",
        ),
        (
            refusal(400, "x", "invalidParameter", "Unknown project id: glacier-test"),
            ConfigError,
            r"sees no project 'glacier-test', to which gs://lake/ is to belong",
        ),
        (
            refusal(403, "x", "forbidden", "lake.example.com is a domain name owned by another"),
            AccessDeniedError,
            r"is a domain that the service account owner@.* was not verified to own",
        ),
        (
            refusal(400, "x", "invalid", "Invalid bucket name: 'lake'"),
            PathError,
            r"Cloud Storage refuses the bucket name 'lake'",
        ),
    ],
    ids=["location", "project", "domain", "name"],
)
def test_bucket_that_can_not_be_made_is_told(
    answer: Refusal, kind: type[GlacierError], message: str, answered: Answered
) -> None:
    with pytest.raises(kind, match=message):
        LOOKED["deploy"](answered(answer))


PROGRAM = """
from glacier import Provider
from glacier.config import GcpConfig
from glacier.errors import StorageError

provider = Provider(config=GcpConfig(project="p", endpoint="{endpoint}"))
try:
    provider.bucket("lake", "rows.parquet").open()
except StorageError as error:
    print(error)
"""


def test_refusal_is_told_by_its_error_and_not_printed_besides() -> None:
    answer, _, message = SAID["other"]
    with RefusingStore(answer) as store:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(endpoint=store.endpoint)],
            capture_output=True,
            text=True,
            check=False,
        )

    assert re.match(message, ran.stdout)
    assert ran.stderr == ""


# On the rig.


def with_key_of_nobody(server: GcpServer) -> GcpConfig:
    """Return a config whose account was deleted after it got a key."""
    fields = json.loads(server.key())
    return server.config(
        service_account_key=json.dumps({**fields, "client_email": f"gone@{PROJECT}"})
    )


def with_foreign_key(server: GcpServer) -> GcpConfig:
    """Return a config whose key is none of its account's."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fields = {**json.loads(server.key()), "private_key": key.decode()}
    return server.config(service_account_key=json.dumps(fields))


def without_token_service(server: GcpServer) -> GcpConfig:
    """Return a config whose tokens come from an address where nobody answers."""
    fields = {**json.loads(server.key()), "token_uri": "http://127.0.0.1:9/token"}
    return server.config(service_account_key=json.dumps(fields), **ONCE)


def as_unknown(server: GcpServer) -> GcpConfig:
    return server.config(impersonate_service_account=f"nobody@{PROJECT}")


def as_forbidden(server: GcpServer) -> GcpConfig:
    server.key(ETL)
    stranger = server.key(f"stranger@{PROJECT}")
    return server.config(service_account_key=stranger, impersonate_service_account=ETL)


MISTAKES: dict[str, tuple[Callable[[GcpServer], GcpConfig], type[GlacierError], str]] = {
    "unknown account": (
        with_key_of_nobody,
        AccessDeniedError,
        (
            rf"gives the service account gone@{PROJECT} no token for gs://lake/.*: the account of "
            r"the key is unknown.*Set a key of an account that is there"
        ),
    ),
    "foreign key": (
        with_foreign_key,
        AccessDeniedError,
        (
            r"gives the service account owner@.* no token for gs://lake/.*: the key is none of "
            r"that account's.*Make a new key"
        ),
    ),
    "no token service": (
        without_token_service,
        StorageError,
        r"Google's token service can't be reached for gs://lake/.*Check the network, and token_uri",
    ),
    "unknown account to act as": (
        as_unknown,
        AccessDeniedError,
        (
            rf"The service account owner@.* may not act as nobody@{PROJECT} to reach gs://lake/.*: "
            r"there is no such account"
        ),
    ),
    "account that may not be acted as": (
        as_forbidden,
        AccessDeniedError,
        (
            rf"The service account stranger@{PROJECT} may not act as {ETL} to reach gs://lake/.*: "
            r".*Give it roles/iam\.serviceAccountTokenCreator"
        ),
    ),
}


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_identity_that_gets_no_token_is_told(
    mistake: str, asked: str, gcp_server: GcpServer
) -> None:
    configure, kind, message = MISTAKES[mistake]
    config = configure(gcp_server)

    with pytest.raises(kind, match=message) as failure:
        {**ASKED, **LOOKED}[asked](Provider(config=config))

    assert "PRIVATE KEY" not in told(failure.value)


@pytest.mark.parametrize(
    ("code", "text", "message"),
    [
        (
            "invalid_grant",
            (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim."
            ),
            r"the clock of this machine is wrong \(invalid_grant: .*Set the clock",
        ),
        ("invalid_grant", "Account has been deleted or disabled", r"the account is disabled"),
        ("invalid_grant", "Token has been expired or revoked.", r"login has expired.*gcloud auth"),
        ("invalid_grant", "reauth related error (invalid_rapt)", r"login is too old.*gcloud auth"),
        (
            "unauthorized_client",
            "Client is unauthorized",
            r"does not say why \(unauthorized_client",
        ),
    ],
)
@pytest.mark.parametrize("asked", ["list", "read", "open", "write"])
def test_reason_of_the_token_service_is_told(
    asked: str, code: str, text: str, message: str, gcp_server: GcpServer
) -> None:
    with RefusingStore(TokenRefusal(400, code, text)) as service:
        fields = {**json.loads(gcp_server.key()), "token_uri": f"{service.endpoint}/token"}
        config = gcp_server.config(service_account_key=json.dumps(fields))

        with pytest.raises(
            AccessDeniedError, match=rf"gives the service account owner@.* no token .*{message}"
        ):
            ASKED[asked](Provider(config=config))


@pytest.mark.parametrize("asked", ["list", "read"])
def test_token_service_that_does_not_answer_is_told_in_time(
    asked: str, gcp_server: GcpServer
) -> None:
    with Proxy(gcp_server.endpoint) as service:
        service.on(stall(30))
        fields = {**json.loads(gcp_server.key()), "token_uri": f"{service.endpoint}/token"}
        key, times = json.dumps(fields), {**ONCE, "read_timeout_seconds": 0.2}
        config = gcp_server.config(service_account_key=key, **times)

        with pytest.raises(StorageError, match=r"token service can't be reached .*timed out"):
            ASKED[asked](Provider(config=config))


def test_api_that_acting_as_another_takes_is_told(gcp_server: GcpServer) -> None:
    text = "IAM Service Account Credentials API has not been used in project 1 before"
    with RefusingStore(refusal(403, "x", "accessNotConfigured", text)) as store:
        account = {"impersonate_service_account": ETL}
        config = gcp_server.config(endpoint=store.endpoint, **account)

        with pytest.raises(
            AccessDeniedError, match=rf"may not act as {ETL}.*services enable iamcredentials"
        ):
            ASKED["read"](Provider(config=config))


@pytest.mark.parametrize("asked", ["read", "read of csv", "write", "delete"])
def test_token_that_google_does_not_accept_is_told(asked: str, answered: Answered) -> None:
    answer = refusal(401, "AuthenticationRequired", "authError", "Invalid Credentials")
    provider = answered(answer)

    with pytest.raises(AccessDeniedError, match=r"does not accept the token of .* for gs://lake/r"):
        ASKED[asked](provider)


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_lack_of_credentials_is_told(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    nobody = GcpConfig(project=PROJECT)

    with pytest.raises(AccessDeniedError, match=r"No credential was found for gs://lake/.*Set ser"):
        {**ASKED, **LOOKED}[asked](Provider(config=nobody))


@pytest.mark.parametrize(
    "asked",
    [lambda bucket: bucket.write(ROWS), lambda bucket: bucket.delete()],
    ids=["write", "delete"],
)
def test_object_that_is_retained_stays_as_it_is(
    asked: Callable[[Bucket], object], provider: Provider, lake: Objects
) -> None:
    lake.put("rows.parquet", b"theirs")
    bucket = lake.client.bucket(lake.name)
    bucket.retention_period = 3600
    bucket.patch()

    with pytest.raises(StorageError, match=r"rows\.parquet is kept from changes by a retention"):
        asked(provider.bucket(lake.name, "rows.parquet"))

    assert lake.bodies() == {"rows.parquet": b"theirs"}


@pytest.mark.parametrize(
    ("role", "asked", "advice"),
    [
        (
            "roles/storage.objectCreator",
            "read",
            r"Give it roles/storage\.objectViewer on the bucket",
        ),
        ("roles/storage.objectViewer", "write", r"Give it roles/storage\.objectUser on the bucket"),
        ("roles/storage.objectViewer", "delete", r"Give it roles/storage\.objectUser on the bu"),
        ("roles/storage.objectCreator", "list", r"Give it roles/storage\.objectViewer on the buc"),
    ],
)
def test_missing_right_is_told_with_the_role_that_has_it(
    role: str, asked: str, advice: str, gcp_server: GcpServer, lake: Objects
) -> None:
    email = f"{role.partition('.')[2].lower()}@{PROJECT}"
    gcp_server.grant(email, role, bucket=lake.name)
    lake.put("rows.parquet", b"theirs")
    config = gcp_server.config(service_account_key=gcp_server.key(email))
    work: dict[str, Callable[[Bucket], object]] = {
        "read": lambda bucket: bucket.read(),
        "write": lambda bucket: bucket.write(ROWS),
        "delete": lambda bucket: bucket.delete(),
        "list": lambda bucket: (bucket.provider.bucket(lake.name, "a/")).list(),
    }

    with pytest.raises(
        AccessDeniedError, match=rf"denied to the service account {email}.*{advice}"
    ):
        work[asked](Provider(config=config).bucket(lake.name, "rows.parquet"))


AWAY = ["http://127.0.0.1:9", "http://storage.invalid"]


@pytest.mark.parametrize("endpoint", AWAY)
@pytest.mark.parametrize("asked", ["list", "read", "delete", "write", "read of csv", "deploy"])
def test_endpoint_that_does_not_answer_is_told(
    asked: str, endpoint: str, gcp_server: GcpServer
) -> None:
    config = gcp_server.config(endpoint=endpoint, **ONCE)

    with pytest.raises(
        StorageError, match=rf"Cloud Storage can't be reached at {endpoint} for gs://lake/"
    ) as failure:
        {**ASKED, **LOOKED}[asked](Provider(config=config))

    assert "upload_id" not in told(failure.value)


@pytest.mark.parametrize(
    "asked",
    [
        *("exists of an object", "exists of a dataset", "exists of the bucket", "deploy"),
        *("list", "delete", "write"),
    ],
)
def test_strangers_404_does_not_say_that_nothing_is_there(asked: str, answered: Answered) -> None:
    provider = answered(StrangersRefusal(404, "", "Not found"))

    with pytest.raises(
        StorageError, match=r"127\.0\.0\.1:\d+ answers with 404.*check GcpConfig\(endpoint="
    ) as failure:
        {**ASKED, **LOOKED}[asked](provider)

    assert not isinstance(failure.value, FileNotFoundError)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("My-Data", "lower case"),
        ("my data", "lower case"),
        ("ab", "it has 2 characters; expected 3 to 63"),
        ("a" * 64, "it has 64 characters"),
        ("-data", "as its first and last"),
        ("a..b", "between full stops"),
        ("192.168.5.4", "looks like an IP address"),
        ("goog-data", "are reserved"),
        ("my-google-data", "are reserved"),
    ],
)
def test_bucket_name_that_google_refuses_is_refused_when_it_is_given(
    name: str, problem: str, provider: Provider
) -> None:
    with pytest.raises(PathError, match=f"is not legal on Cloud Storage.*{problem}"):
        provider.bucket(name, "rows.parquet")

    assert provider.get_resources() == []


@pytest.mark.parametrize(
    "name", ["my-data", "my_data", "abc", "a" * 63, "0data0", "data.example.com"]
)
def test_bucket_name_that_google_takes_is_taken(name: str, provider: Provider) -> None:
    assert isinstance(provider.bucket(name), Bucket)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("x" * 1025, "it has 1,025 bytes"),
        ("ä" * 513, "it has 1,026 bytes"),
        ("a\tb", "control character"),
        (".well-known/acme-challenge/x", "are reserved"),
    ],
)
def test_path_that_google_refuses_is_refused(path: str, problem: str, provider: Provider) -> None:
    with pytest.raises(PathError, match=problem):
        provider.bucket("lake", path)
