"""One config is one identity, for boto3, for s3fs and for Polars."""

import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pydantic import SecretStr

from glacier import Bucket, Provider
from glacier.config import AwsConfig
from glacier.config.base import elsewhere
from glacier.errors import AccessDeniedError
from glacier_aws.session import session_of
from tests.glacier_aws.access import user
from tests.rigs.aws.server import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, AwsServer

ROWS = pl.DataFrame({"n": [1, 2, 3]})
ROLE = f"arn:aws:iam::{ACCOUNT}:role/etl"
SECRET = "secret-canary-0123456789"
TOKEN = "token-canary-0123456789"

Configure = Callable[[AwsServer, Path, pytest.MonkeyPatch], AwsConfig]


def with_keys(server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    return server.config(access_key_id="AKIDCONFIG")


def with_temporary_keys(
    server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> AwsConfig:
    return server.config(access_key_id="ASIDCONFIG", session_token=TOKEN)


def with_profile(server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    write_profiles(directory, monkeypatch)
    return AwsConfig(region=REGION, endpoint_url=server.endpoint, profile="staging")


def with_profile_and_role(
    server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> AwsConfig:
    write_profiles(directory, monkeypatch)
    return AwsConfig(region=REGION, endpoint_url=server.endpoint, profile="staging", role_arn=ROLE)


def with_role(server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    return server.config(role_arn=ROLE, external_id="partner")


def with_environment(
    server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> AwsConfig:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDAMBIENT")
    return AwsConfig(region=REGION)


def with_web_identity(
    server: AwsServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> AwsConfig:
    token = directory / "token"
    token.write_text("a token of an identity provider")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    monkeypatch.setenv("AWS_REGION", REGION)
    return AwsConfig.from_env()


def write_profiles(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the AWS configuration files, here, hold the profile `staging`."""
    credentials, config = directory / "credentials", directory / "config"
    credentials.write_text(
        f"[staging]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {SECRET_KEY}\n"
    )
    config.write_text("[profile staging]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


def used_keys(server: AwsServer, bucket: Bucket) -> dict[str, set[str]]:
    """Return the access keys that signed requests to a bucket, by who has made them."""
    work: dict[str, Callable[[], object]] = {
        "boto3": bucket.exists,
        "s3fs": lambda: bucket.filesystem.cat_file(bucket.adapter.location().path),
        "polars": lambda: bucket.scan().collect(),
    }
    found = {}
    for who, do in work.items():
        server.requests(forget=True)
        do()
        asked = server.requests(forget=True)
        found[who] = {one["access_key"] for one in asked if bucket.bucket_name in one["path"]}
    return found


@pytest.fixture
def rows(provider: Provider, lake: str) -> Bucket:
    """An object that is there."""
    bucket = provider.bucket(lake, "rows.parquet")
    bucket.write(ROWS)
    return bucket


@pytest.mark.parametrize(
    ("configure", "key"),
    [
        (with_keys, "AKIDCONFIG"),
        (with_temporary_keys, "ASIDCONFIG"),
        (with_profile, "AKIDPROFILE"),
        (with_environment, "AKIDAMBIENT"),
    ],
)
def test_all_sign_with_the_keys_of_the_config(
    configure: Configure,
    key: str,
    aws_server: AwsServer,
    rows: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = configure(aws_server, tmp_path, monkeypatch)

    found = used_keys(aws_server, Provider(config=config).bucket(rows.bucket_name, rows.path))

    assert found == {"boto3": {key}, "s3fs": {key}, "polars": {key}}


@pytest.mark.parametrize("configure", [with_role, with_profile_and_role, with_web_identity])
def test_all_sign_with_the_keys_of_the_role(
    configure: Configure,
    aws_server: AwsServer,
    rows: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = configure(aws_server, tmp_path, monkeypatch)
    bucket = Provider(config=config).bucket(rows.bucket_name, rows.path)

    found = used_keys(aws_server, bucket)

    (key,) = found["boto3"]
    assert key.startswith("ASIA")
    assert found == {"boto3": {key}, "s3fs": {key}, "polars": {key}}


def test_writes_sign_with_the_keys_of_the_config(aws_server: AwsServer, lake: str) -> None:
    mine = Provider(config=aws_server.config(access_key_id="AKIDWRITER"))
    aws_server.requests(forget=True)

    mine.bucket(lake, "rows.parquet").write(ROWS)
    mine.bucket(lake, "rows/").write(ROWS)
    mine.bucket(lake, "delta", format="delta").write(ROWS)
    mine.bucket(lake, "iceberg", format="iceberg").write(ROWS)
    mine.bucket(lake, "iceberg", format="iceberg").read()

    assert {one["access_key"] for one in aws_server.requests()} == {"AKIDWRITER"}


def test_role_needs_its_external_id(guarded_aws: AwsServer) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/not-for-everybody"
    owner = user(guarded_aws, "owner")
    name = f"lake-{uuid4().hex}"
    partner = owner.model_copy(update={"role_arn": role, "external_id": "partner"})
    other = owner.model_copy(update={"role_arn": role, "external_id": "other"})

    assert session_of(partner).credentials() is not None
    with pytest.raises(AccessDeniedError, match=f"The role {role} can't be assumed"):
        Provider(config=other).bucket(name).exists()


def test_two_identities_of_a_process_stay_apart(
    aws_server: AwsServer, rows: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = aws_server.config(access_key_id="AKIDOWNER")
    other = aws_server.config(access_key_id="AKIDOTHER")
    aws_server.lock(rows.bucket_name, "AKIDOTHER")
    mine, theirs = (
        Provider(config=config).bucket(rows.bucket_name, rows.path) for config in (owner, other)
    )

    before = mine.read()

    with pytest.raises(AccessDeniedError, match="denied to the access key AKIDOTHER"):
        theirs.read()
    assert_frame_equal(mine.read(), before)


def test_credentials_that_expire_are_fetched_again(aws_server: AwsServer, rows: Bucket) -> None:
    config = aws_server.config(role_arn=f"arn:aws:iam::{ACCOUNT}:role/brief")
    bucket = Provider(config=config).bucket(rows.bucket_name, rows.path)

    before = used_keys(aws_server, bucket)
    time.sleep(2.1)
    after = used_keys(aws_server, bucket)

    for who, keys in after.items():
        assert keys
        assert not keys & before[who], who
        assert all(key.startswith("ASIA") for key in keys)


def test_credentials_that_live_are_kept(aws_server: AwsServer, rows: Bucket) -> None:
    config = aws_server.config(role_arn=f"arn:aws:iam::{ACCOUNT}:role/kept")
    bucket = Provider(config=config).bucket(rows.bucket_name, rows.path)

    assert used_keys(aws_server, bucket) == used_keys(aws_server, bucket)


def test_equal_configs_share_a_session(aws_server: AwsServer) -> None:
    assert session_of(aws_server.config()) is session_of(aws_server.config())


def test_config_for_another_machine_pickles_without_its_identity() -> None:
    config = AwsConfig(
        region=REGION,
        profile="staging",
        account_id=ACCOUNT,
        role_arn=ROLE,
        external_id="partner",
        access_key_id="AKIDCANARY",
        secret_access_key=SecretStr(SECRET),
        session_token=SecretStr(TOKEN),
    )

    with elsewhere():
        content = pickle.dumps(config)

    assert pickle.loads(content) == AwsConfig(region=REGION, account_id=ACCOUNT)
    for canary in (SECRET, TOKEN, "AKIDCANARY", "staging", "partner", "role/etl"):
        assert canary.encode() not in content


@pytest.mark.parametrize("path", ["rows.parquet", "rows/", "ro*.parquet"])
def test_plan_holds_no_secret_and_is_read_by_whoever_has_it(
    path: str, aws_server: AwsServer, rows: Bucket
) -> None:
    config = aws_server.config(
        access_key_id="AKIDCANARY", secret_access_key=SecretStr(SECRET), session_token=TOKEN
    )
    bucket = Provider(config=config).bucket(rows.bucket_name, path)
    if path.endswith("/"):
        bucket.write(ROWS)
    bucket.read()

    plan = bucket.scan().serialize()

    for canary in (SECRET, TOKEN, "AKIDCANARY"):
        assert canary.encode() not in plan
    program = (
        "import sys, polars as pl;"
        "print(pl.LazyFrame.deserialize(sys.stdin.buffer).collect()['n'].to_list())"
    )
    aws_server.requests(forget=True)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input=plan,
        env={**aws_server.environment, "AWS_ACCESS_KEY_ID": "AKIDOVERTHERE"},
        capture_output=True,
        check=False,
    )
    assert (ran.stdout.decode(), ran.stderr.decode()) == ("[1, 2, 3]\n", "")
    assert {one["access_key"] for one in aws_server.requests()} == {"AKIDOVERTHERE"}


def test_region_of_the_config_goes_before_the_profile(
    aws_server: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_profile(aws_server, tmp_path, monkeypatch)

    session = session_of(config)

    assert session.client("s3").meta.region_name == REGION
    assert session.storage_options["aws_region"] == REGION


def test_environment_that_changes_changes_the_identity(
    aws_server: AwsServer, rows: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_environment(aws_server, tmp_path, monkeypatch)
    before = used_keys(aws_server, Provider(config=config).bucket(rows.bucket_name, rows.path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)

    after = used_keys(aws_server, Provider(config=config).bucket(rows.bucket_name, rows.path))

    assert before == {"boto3": {"AKIDAMBIENT"}, "s3fs": {"AKIDAMBIENT"}, "polars": {"AKIDAMBIENT"}}
    assert after == {"boto3": {ACCESS_KEY}, "s3fs": {ACCESS_KEY}, "polars": {ACCESS_KEY}}
