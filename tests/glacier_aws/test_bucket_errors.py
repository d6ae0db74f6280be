"""What a user is told where S3 refuses, whoever has asked: boto3, s3fs or Polars."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from glacier import Bucket, Provider
from glacier.config import AwsConfig
from glacier.errors import (
    AccessDeniedError,
    ConfigError,
    GlacierError,
    ObjectNotFoundError,
    PathError,
    StorageError,
)
from tests.glacier_aws.access import user
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import AwsServer
from tests.rigs.refusals import Refusal, RefusingStore
from tests.stores.error_cases import ASKED, LOOKED, ROWS, ErrorsOfStores, Refused

CANARY = "FwoGZXIvYXdzEXAMPLEtokenCANARY"

EU = {"x-amz-bucket-region": "eu-west-1"}
REDIRECT = Refusal(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint.",
    EU,
    {"Endpoint": "lake.s3.eu-west-1.amazonaws.com", "Bucket": "lake"},
)
MALFORMED = Refusal(
    400,
    "AuthorizationHeaderMalformed",
    "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    EU,
    {"Region": "eu-west-1"},
)
LOCATION = Refusal(
    400,
    "IllegalLocationConstraintException",
    "The us-east-1 location constraint is incompatible for the region specific endpoint this "
    "request was sent to.",
)
NO_BUCKET = Refusal(
    404, "NoSuchBucket", "The specified bucket does not exist", {}, {"BucketName": "lake"}
)
DENIED = Refusal(403, "AccessDenied", "User is not authorized to perform: s3:GetObject")
EXPIRED = Refusal(400, "ExpiredToken", "The provided token has expired.", {}, {"Token-0": CANARY})
BAD_TOKEN = Refusal(
    400, "InvalidToken", "The provided token is malformed.", {}, {"Token-0": CANARY}
)
SKEWED = Refusal(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
    {},
    {"RequestTime": "20260101T000000Z", "ServerTime": "2026-01-01T01:00:00Z"},
)
NO_KEY = Refusal(
    403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
)
BAD_SIGNATURE = Refusal(
    403, "SignatureDoesNotMatch", "The request signature we calculated does not match"
)
ARCHIVED = Refusal(
    403, "InvalidObjectState", "The operation is not valid for the object's storage class"
)

WRONG_REGION = r"'lake' of s3://lake/.* is in the region 'eu-west-1', and .* says 'us-east-1'"
SAID = {
    "redirect": (REDIRECT, StorageError, WRONG_REGION),
    "malformed": (MALFORMED, StorageError, WRONG_REGION),
    "location": (LOCATION, StorageError, r"'lake' of .* is in another region"),
    "no-bucket": (NO_BUCKET, ObjectNotFoundError, r"The bucket 'lake' of .* does not exist\. Crea"),
    "denied": (DENIED, AccessDeniedError, r"Access to s3://lake/.* is denied to the access key AK"),
    "expired": (EXPIRED, AccessDeniedError, r"The session token of the access key AK has expired"),
    "token": (BAD_TOKEN, AccessDeniedError, r"does not accept the access key AK .* session token"),
    "skewed": (SKEWED, AccessDeniedError, r"The clock of this machine is wrong.*Set the clock"),
    "no-key": (NO_KEY, AccessDeniedError, r"does not accept the access key AK .* does not exist"),
    "signature": (
        BAD_SIGNATURE,
        AccessDeniedError,
        r"the secret does not belong to the access key",
    ),
    "archived": (ARCHIVED, StorageError, r"s3://lake/.* is archived and can't be read"),
}


@contextmanager
def refusing(name: str) -> Iterator[Refused]:
    """Start a store that says so to everything."""
    refusal, kind, message = SAID[name]
    with RefusingStore(refusal) as store:
        config = AwsConfig.model_validate(
            {
                "region": "us-east-1",
                "endpoint_url": store.endpoint,
                "access_key_id": "AK",
                "secret_access_key": f"secret-{CANARY}",
                "session_token": CANARY,
                "account_id": "123456789012",
            }
        )
        yield Refused(Provider(config=config), kind, message)


@pytest.fixture(params=SAID, scope="module")
def refused(request: pytest.FixtureRequest) -> Iterator[Refused]:
    with refusing(request.param) as made:
        yield made


@pytest.fixture(params=[one for one in SAID if one != "no-bucket"], scope="module")
def refused_look(request: pytest.FixtureRequest) -> Iterator[Refused]:
    with refusing(request.param) as made:
        yield made


class TestErrors(ErrorsOfStores):
    bucket = "bucket"
    secrets = (CANARY,)

    @pytest.fixture
    def objects(self, aws_server: AwsServer) -> Objects:
        return Objects(aws_server)

    @pytest.fixture
    def hidden(self, aws_server: AwsServer, provider: Provider, lake: str) -> Bucket:
        stranger = Provider(config=aws_server.config(access_key_id="AKIDSTRANGER"))
        provider.bucket(lake, "rows.parquet").write(ROWS)
        aws_server.lock(lake, "AKIDSTRANGER")
        return stranger.bucket(lake, "rows.parquet")


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_key_that_may_nothing_is_denied(asked: str, guarded_aws: AwsServer) -> None:
    work = {**ASKED, **LOOKED}[asked]
    mine, stranger = (user(guarded_aws, name) for name in ("owner", "nobody"))
    Provider(config=mine).bucket("lake").deploy()

    with pytest.raises(AccessDeniedError, match="denied to the access key AKIA"):
        work(Provider(config=stranger))


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_key_that_does_not_exist_is_told(asked: str, guarded_aws: AwsServer) -> None:
    unknown = guarded_aws.config(access_key_id="AKIAUNKNOWN")

    with pytest.raises(AccessDeniedError, match=r"AKIAUNKNOWN .*the access key does not exist"):
        {**ASKED, **LOOKED}[asked](Provider(config=unknown))


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_wrong_secret_is_told(asked: str, guarded_aws: AwsServer) -> None:
    mine = user(guarded_aws, "owner")
    wrong = mine.model_copy(update={"secret_access_key": guarded_aws.config().secret_access_key})

    with pytest.raises(AccessDeniedError, match="the secret does not belong to the access key"):
        {**ASKED, **LOOKED}[asked](Provider(config=wrong))


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_role_that_can_not_be_assumed_is_told(asked: str, guarded_aws: AwsServer) -> None:
    role = "arn:aws:iam::123456789012:role/not-for-everybody"
    config = user(guarded_aws, "nobody").model_copy(update={"role_arn": role})

    with pytest.raises(AccessDeniedError, match=f"The role {role} can't be assumed to reach s3://"):
        {**ASKED, **LOOKED}[asked](Provider(config=config))


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_lack_of_credentials_is_told(
    asked: str, aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nobody = AwsConfig(region="us-east-1", endpoint_url=aws_server.endpoint)

    with pytest.raises(AccessDeniedError, match=r"No credentials were found for s3://lake"):
        {**ASKED, **LOOKED}[asked](Provider(config=nobody))


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_unknown_profile_is_told(asked: str, aws_server: AwsServer) -> None:
    config = AwsConfig(region="us-east-1", endpoint_url=aws_server.endpoint, profile="staging")

    with pytest.raises(ConfigError, match="have no profile 'staging'; they have: none"):
        {**ASKED, **LOOKED}[asked](Provider(config=config))


@pytest.mark.parametrize("asked", ["list", "read", "open", "write", "read of delta"])
def test_endpoint_that_does_not_answer_is_told(
    asked: str, aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    away = Provider(config=aws_server.config(endpoint_url="http://127.0.0.1:9"))

    with pytest.raises(
        StorageError, match=r"S3 can't be reached at http://127\.0\.0\.1:9 for s3://"
    ):
        ASKED[asked](away)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("My-Data", "lower case"),
        ("my_data", "lower case"),
        ("ab", "it has 2 characters; expected 3 to 63"),
        ("a" * 64, "it has 64 characters"),
        ("-data", "as its first and last"),
        ("data.", "as its first and last"),
        ("my..data", "two full stops"),
        ("192.168.5.4", "IP address"),
        ("xn--data", "reserved"),
        ("données", "lower case"),
    ],
)
def test_bucket_name_that_s3_refuses_is_refused_when_it_is_given(
    name: str, problem: str, aws_server: AwsServer, provider: Provider
) -> None:
    aws_server.requests(forget=True)

    with pytest.raises(PathError, match=f"is not legal on S3: .*{problem}"):
        provider.bucket(name, "rows.parquet")

    assert aws_server.requests() == []
    assert provider.get_resources() == []


@pytest.mark.parametrize("name", ["my-data", "abc", "a" * 63, "my.data.2024", "0data0"])
def test_bucket_name_that_s3_takes_is_taken(name: str, provider: Provider) -> None:
    assert isinstance(provider.bucket(name), Bucket)


def test_key_that_is_too_long_is_refused(provider: Provider) -> None:
    with pytest.raises(PathError, match="it has 1,025 bytes, and keys have at most 1,024"):
        provider.bucket("lake", f"{'ü' * 508}x.parquet")

    assert issubclass(PathError, GlacierError)
