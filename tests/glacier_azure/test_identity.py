"""One config is one identity, for Azure's SDK, for adlfs and for Polars."""

import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from polars.testing import assert_frame_equal
from pydantic import SecretStr

from glacier import Bucket, Provider
from glacier.config import AzureConfig
from glacier.config.base import elsewhere
from glacier.errors import AccessDeniedError
from glacier_azure.session import session_of
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.glacier_azure.blobs import Blobs
from tests.glacier_azure.clients import ROWS, use_all
from tests.rigs.azure.azurite import GROUP, Azurite
from tests.rigs.azure.directory import CLIENT, SECRET, Certificates, Directory
from tests.rigs.azure.identity import TENANT
from tests.rigs.azure.server import AzureServer
from tests.rigs.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
WRONG_KEY = "Q0FOQVJZLWtleS1vZi1ub2JvZHk="

CLIENTS: dict[str, Callable[[Bucket], object]] = {
    "sdk": lambda bucket: bucket.exists(),
    "adlfs": lambda bucket: bucket.filesystem.cat_file(bucket.adapter.location().path),
    "polars": lambda bucket: bucket.scan().collect(),
    "write": lambda bucket: bucket.write(ROWS),
}


@pytest.fixture
def rows(azurite: Azurite) -> Bucket:
    """A blob that is there."""
    bucket = Provider(config=azurite.config()).bucket(Blobs(azurite).name, "rows.parquet")
    bucket.write(ROWS)
    return bucket


def used_by_all(config: AzureConfig, rows: Bucket) -> None:
    """Have every client read, and write, with a config."""
    use_all(Provider(config=config), rows.bucket_name)


# Keys and signatures.


def test_key_of_the_config_comes_before_that_of_the_environment(
    azurite: Azurite, rows: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", DEVELOPMENT_ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", WRONG_KEY)
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=x&sig=wrong")

    used_by_all(azurite.config(), rows)


@pytest.mark.parametrize(
    "variables",
    [
        {"AZURE_STORAGE_KEY": DEVELOPMENT_KEY},
        {"AZURE_STORAGE_SAS_TOKEN": "?{signature}"},
        {
            "AZURE_STORAGE_CONNECTION_STRING": f"AccountName={DEVELOPMENT_ACCOUNT};"
            f"AccountKey={DEVELOPMENT_KEY}"
        },
    ],
    ids=["key", "signature", "connection string"],
)
def test_all_use_what_the_environment_has(
    variables: dict[str, str], azurite: Azurite, rows: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(signature=azurite.signature()))

    used_by_all(azurite.config(account_key=None), rows)


def test_connection_string_sets_account_endpoint_and_key(azurite: Azurite, rows: Bucket) -> None:
    text = (
        f"DefaultEndpointsProtocol=http;AccountName={DEVELOPMENT_ACCOUNT};"
        f"AccountKey={DEVELOPMENT_KEY};BlobEndpoint={azurite.endpoint};"
    )

    used_by_all(AzureConfig(resource_group=GROUP, connection_string=SecretStr(text)), rows)


@pytest.mark.parametrize("field", ["account_key", "sas_token"])
@pytest.mark.parametrize("is_ambient", [False, True], ids=["config", "environment"])
def test_white_space_around_a_secret_is_none_of_it(
    field: str, azurite: Azurite, rows: Bucket, monkeypatch: pytest.MonkeyPatch, *, is_ambient: bool
) -> None:
    given = DEVELOPMENT_KEY if field == "account_key" else azurite.signature()
    variable = "AZURE_STORAGE_KEY" if field == "account_key" else "AZURE_STORAGE_SAS_TOKEN"
    if is_ambient:
        monkeypatch.setenv(variable, f" {given}\n")

    config = azurite.config(
        **{"account_key": None, **({} if is_ambient else {field: f"{given}\n"})}
    )

    used_by_all(config, rows)


def test_all_send_the_signature_of_the_config(azurite: Azurite, rows: Bucket) -> None:
    given = azurite.signature()
    with Proxy(azurite.endpoint) as proxy:
        config = azurite.config(account_key=None, sas_token=f"?{given}", endpoint=proxy.endpoint)
        bucket = Provider(config=config).bucket(rows.bucket_name, rows.path)
        found = {}
        for who, work in CLIENTS.items():
            proxy.clear()
            work(bucket)
            found[who] = {parse_qs(one.query)["sig"][0] for one in proxy.requests}

    expected = set(parse_qs(given)["sig"])
    assert found == dict.fromkeys(CLIENTS, expected)


def test_dataset_is_overwritten_with_a_signature(azurite: Azurite) -> None:
    config = azurite.config(account_key=None, sas_token=azurite.signature(), max_retries=0)
    dataset = Provider(config=config).bucket(Blobs(azurite).name, "rows/", "parquet")
    for _ in range(3):
        dataset.write(ROWS, mode="append")

    dataset.write(ROWS, mode="overwrite")

    assert_frame_equal(dataset.read(), ROWS)


def test_signature_that_the_environment_replaces_is_asked_for_again(
    azurite: Azurite, rows: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = azurite.config(account_key=None)
    ends = datetime.now(UTC) + timedelta(seconds=3)
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", azurite.signature(expiry=ends))
    bucket = Provider(config=config).bucket(rows.bucket_name, rows.path)
    scan = bucket.scan()
    before = scan.collect()
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", azurite.signature())
    time.sleep(max(0, (ends - datetime.now(UTC)).total_seconds() + 0.2))

    after = scan.collect()

    assert_frame_equal(after, before)
    assert bucket.exists()


def test_two_identities_of_a_process_stay_apart(azurite: Azurite, rows: Bucket) -> None:
    stranger = azurite.config(account_key=None, sas_token=azurite.signature("t"))
    theirs = Provider(config=stranger).bucket(rows.bucket_name, rows.path)

    before = rows.read()

    with pytest.raises(AccessDeniedError, match="denied to the shared access signature"):
        theirs.read()
    assert_frame_equal(rows.read(), before)


def test_environment_that_changes_changes_the_identity(
    azurite: Azurite, rows: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = azurite.config(account_key=None)
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    with pytest.raises(AccessDeniedError, match="does not accept the key"):
        Provider(config=config).bucket(rows.bucket_name, rows.path).read()

    monkeypatch.setenv("AZURE_STORAGE_KEY", DEVELOPMENT_KEY)

    used_by_all(config, rows)


def test_equal_configs_share_a_session(azurite: Azurite) -> None:
    assert session_of(azurite.config()) is session_of(azurite.config())


def test_threads_that_meet_a_new_session_share_what_it_makes(azurite: Azurite) -> None:
    session, start = session_of(azurite.config(location="westeurope")), threading.Barrier(8)
    found = []

    def meet() -> None:
        start.wait()
        parts = (session.blobs, session.credential_provider, session.filesystem)
        found.append(tuple(id(one) for one in parts))

    threads = [threading.Thread(target=meet) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(found) == 8
    assert len(set(found)) == 1


# Tokens, over TLS.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def guarded(
    azurite: Azurite, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Azurite]:
    """A storage account that takes tokens, and looks at whom and what they are for."""
    options = ("--oauth", "basic", "--cert", str(certificates.certificate))
    directory = tmp_path_factory.mktemp("guarded")
    with Azurite(directory, *options, "--key", str(certificates.key)) as server:
        yield server


@pytest.fixture(scope="module")
def container(guarded: Azurite, certificates: Certificates) -> str:
    """A container of that account."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
        return Blobs(guarded).name


def ran(
    guarded: Azurite, container: str, certificates: Certificates, *pause: str, **variables: str
) -> tuple[str, str]:
    """Return what a process prints that uses every client, without a key."""
    kept = {k: v for k, v in guarded.environment.items() if k != "AZURE_STORAGE_KEY"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.glacier_azure.clients", container, *pause],
        env={"PATH": os.environ["PATH"], **kept, **certificates.environment, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


def test_all_use_the_managed_identity(
    guarded: Azurite, container: str, certificates: Certificates, azure_server: AzureServer
) -> None:
    azure_server.requests(forget=True)

    printed = ran(guarded, container, certificates, **azure_server.identity)

    assert printed == ("done\n", "")
    asked = [one for one in azure_server.requests() if one["path"] == "/rig/identity"]
    assert [parse_qs(one["query"])["resource"] for one in asked] == [["https://storage.azure.com"]]


def test_identity_that_is_not_there_is_looked_for_once(
    azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
    monkeypatch.setenv("IDENTITY_ENDPOINT", azure_server.identity["IDENTITY_ENDPOINT"])
    monkeypatch.setenv("IDENTITY_HEADER", "of-another-machine")
    nobody = azure_server.config(account_key=None, endpoint="https://127.0.0.1:9/lakes")
    bucket = Provider(config=nobody).bucket("lake", "rows.parquet")
    azure_server.requests(forget=True)

    with pytest.raises(AccessDeniedError, match="No credential was found"):
        bucket.read()

    assert [one["path"] for one in azure_server.requests()] == ["/rig/identity"]


def test_all_use_the_service_principal(
    guarded: Azurite, container: str, certificates: Certificates
) -> None:
    with Directory(certificates) as directory:
        principal = {
            "AZURE_AUTHORITY_HOST": directory.endpoint,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": SECRET,
        }
        printed = ran(guarded, container, certificates, **principal)

    assert printed == ("done\n", "")
    assert directory.scopes == ["https://storage.azure.com/.default"]


def test_tokens_that_expire_are_asked_for_again(
    guarded: Azurite, container: str, certificates: Certificates, azure_server: AzureServer
) -> None:
    identity = azure_server.identity
    brief = {**identity, "IDENTITY_ENDPOINT": f"{identity['IDENTITY_ENDPOINT']}?lifetime=4"}
    azure_server.requests(forget=True)

    printed = ran(guarded, container, certificates, "4.1", **brief)

    assert printed == ("done\n", "")
    assert len([one for one in azure_server.requests() if one["path"] == "/rig/identity"]) > 1


def test_token_for_another_audience_is_refused(
    guarded: Azurite, container: str, certificates: Certificates, azure_server: AzureServer
) -> None:
    identity = azure_server.identity
    address = f"{identity['IDENTITY_ENDPOINT']}?audience=https://vault.azure.net"

    printed = ran(guarded, container, certificates, **{**identity, "IDENTITY_ENDPOINT": address})

    assert "AccessDeniedError: Azure does not accept the identity of the environment" in printed[1]


@pytest.mark.parametrize(
    "ask",
    [
        lambda bucket: bucket.exists(),
        lambda bucket: bucket.open(),
        lambda bucket: bucket.read(),
        lambda bucket: bucket.write(ROWS),
    ],
    ids=["sdk", "adlfs", "polars", "write"],
)
def test_service_principal_with_a_wrong_secret_is_told(
    ask: Callable[[Bucket], object],
    guarded: Azurite,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    principal = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": f"{SECRET}-old"}
    with Directory(certificates) as directory:
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", directory.endpoint)
        bucket = Provider(config=guarded.config(account_key=None, **principal)).bucket("lake", "r")

        with pytest.raises(
            AccessDeniedError,
            match=f"directory gives the service principal {CLIENT} no token .*AADSTS7000215",
        ) as failure:
            ask(bucket)

    assert SECRET not in "".join(traceback.format_exception(failure.value))


# What leaves the process.


def test_config_for_another_machine_pickles_without_its_identity() -> None:
    secrets = ("key-canary", "client-canary")
    config = AzureConfig(
        resource_group="rg",
        tenant_id="tenant-canary",
        storage_account="lakes",
        account_key=SecretStr(secrets[0]),
        client_id="id-canary",
        client_secret=SecretStr(secrets[1]),
    )

    with elsewhere():
        content = pickle.dumps(config)

    assert pickle.loads(content) == AzureConfig(resource_group="rg", storage_account="lakes")
    for canary in (*secrets, "tenant-canary", "id-canary"):
        assert canary.encode() not in content


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("rows.parquet", "account_key"),
        ("rows/", "sas_token"),
        ("ro*.parquet", "connection_string"),
    ],
)
def test_plan_holds_no_secret_and_is_read_by_whoever_has_it(
    path: str, secret: str, azurite: Azurite, rows: Bucket
) -> None:
    given = {
        "account_key": DEVELOPMENT_KEY,
        "sas_token": azurite.signature(),
        "connection_string": f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}",
    }[secret]
    config = azurite.config(**{"account_key": None, secret: given})
    bucket = Provider(config=config).bucket(rows.bucket_name, path)
    if path.endswith("/"):
        bucket.write(ROWS)
    bucket.read()

    plan = bucket.scan().serialize()

    assert DEVELOPMENT_KEY.encode() not in plan
    assert given.encode() not in plan
    program = (
        "import sys, polars as pl;"
        "print(pl.LazyFrame.deserialize(sys.stdin.buffer).collect()['n'].to_list())"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input=plan,
        env=azurite.environment,
        capture_output=True,
        check=False,
    )
    assert (ran.stdout.decode(), ran.stderr.decode()) == ("[1, 2, 3]\n", "")
