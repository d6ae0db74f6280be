"""What a user is told where Azure refuses, whoever has asked: its SDK, adlfs or Polars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from glacier import Bucket, Provider
from glacier.config import AzureConfig
from glacier.errors import (
    AccessDeniedError,
    ConfigError,
    GlacierError,
    ObjectNotFoundError,
    PathError,
    StorageError,
    WriteError,
)
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.refusals import Refusal, RefusingStore
from tests.stores.error_cases import ASKED, LOOKED, ROWS, ErrorsOfStores, Refused, told

CANARY = "s1gnatureCANARY0123456789"
SIGNATURE = f"sv=2022-11-02&ss=b&srt=co&sp=rwdlac&se=2999-01-01T00%3A00%3A00Z&sig={CANARY}"
WRONG_KEY = "Q0FOQVJZLWtleS1vZi1ub2JvZHk="


def refusal(status: int, code: str, message: str = "Azure says so.", detail: str = "") -> Refusal:
    """Return an answer of Blob Storage."""
    return Refusal(
        status,
        code,
        f"{message}\nRequestId:7d3b8cb1-f01e-0020\nTime:2026-01-01T00:00:00.0Z",
        {"x-ms-error-code": code},
        {"AuthenticationErrorDetail": detail} if detail else {},
    )


AUTHENTICATION = "Server failed to authenticate the request."
SAID: dict[str, tuple[Refusal, type[GlacierError], str]] = {
    "signature": (
        refusal(403, "AuthenticationFailed", AUTHENTICATION, "Signature did not match."),
        AccessDeniedError,
        r"does not accept the shared access signature for abfs://lake@.*Get a new one and set it",
    ),
    "clock": (
        refusal(403, "AuthenticationFailed", AUTHENTICATION, "Request date header too old: 'x'"),
        AccessDeniedError,
        # To a HEAD request Azure gives no detail.
        r"does not accept the shared access signature|The clock of this machine is wrong",
    ),
    "permission": (
        refusal(403, "AuthorizationPermissionMismatch", "This request is not authorized."),
        AccessDeniedError,
        r"Access to abfs://lake@.* is denied to the shared access signature: Auth.*It allows 'rwd",
    ),
    "firewall": (
        refusal(403, "AuthorizationFailure", "This request is not authorized."),
        AccessDeniedError,
        r"is denied to the shared access signature: .*firewall",
    ),
    "no-keys": (
        refusal(403, "KeyBasedAuthenticationNotPermitted"),
        AccessDeniedError,
        r"The storage account of abfs://lake@.* refuses keys.*Leave account_key and sas_token out",
    ),
    "no-container": (
        refusal(404, "ContainerNotFound"),
        ObjectNotFoundError,
        r"The container 'lake' of abfs://lake@.* does not exist\. Create it with .*glacier deploy",
    ),
    "being-deleted": (
        refusal(409, "ContainerBeingDeleted"),
        StorageError,
        r"The container 'lake' of abfs://lake@.* is being deleted.*Try again later",
    ),
    "archived": (
        refusal(409, "BlobArchived"),
        StorageError,
        r"abfs://lake@.* is archived and can't be read: .*Move it to the tier",
    ),
    "rehydrated": (
        refusal(409, "BlobBeingRehydrated"),
        StorageError,
        r"abfs://lake@.* is on its way back from the archive",
    ),
    "leased": (
        refusal(412, "LeaseIdMissing"),
        StorageError,
        r"abfs://lake@.* is leased by somebody else.*break it",
    ),
    "replaced": (
        refusal(400, "InvalidBlockList"),
        WriteError,
        r"abfs://lake@.* was written by somebody else meanwhile.*Write it again",
    ),
    "other": (
        refusal(400, "UnsupportedHeader", "One of the headers is not supported."),
        StorageError,
        r"Blob Storage failed at abfs://lake@.*: UnsupportedHeader: ",
    ),
}


@contextmanager
def refusing(name: str) -> Iterator[Refused]:
    """Start a store that says so to everything."""
    answer, kind, message = SAID[name]
    with RefusingStore(answer) as store:
        config = AzureConfig.model_validate(
            {
                "resource_group": "rg",
                "storage_account": "lakes",
                "endpoint": f"{store.endpoint}/lakes",
                "sas_token": SIGNATURE,
            }
        )
        yield Refused(Provider(config=config), kind, message)


@pytest.fixture(params=SAID, scope="module")
def refused(request: pytest.FixtureRequest) -> Iterator[Refused]:
    with refusing(request.param) as made:
        yield made


@pytest.fixture(params=[one for one in SAID if one != "no-container"], scope="module")
def refused_look(request: pytest.FixtureRequest) -> Iterator[Refused]:
    with refusing(request.param) as made:
        yield made


@pytest.fixture
def provider(azurite: Azurite) -> Provider:
    return Provider(config=azurite.config())


@pytest.fixture
def lake(azurite: Azurite) -> Blobs:
    """A container that is there."""
    return Blobs(azurite)


class TestErrors(ErrorsOfStores):
    bucket = "container"
    secrets = (CANARY,)

    @pytest.fixture
    def objects(self, lake: Blobs) -> Blobs:
        return lake

    @pytest.fixture
    def hidden(self, azurite: Azurite, provider: Provider, lake: Blobs) -> Bucket:
        stranger = azurite.config(account_key=None, sas_token=azurite.signature(types="s"))
        provider.bucket(lake.name, "rows.parquet").write(ROWS)
        return Provider(config=stranger).bucket(lake.name, "rows.parquet")


def signed(server: Azurite, signature: str) -> AzureConfig:
    return server.config(account_key=None, sas_token=signature)


def forged(signature: str) -> str:
    """Return a signature that another key could have made."""
    head, separator, _ = signature.partition("&sig=")
    return f"{head}{separator}{'A' * 43}%3D"


MISTAKES: dict[str, tuple[Callable[[Azurite], AzureConfig], str]] = {
    "wrong key": (
        lambda server: server.config(account_key=WRONG_KEY),
        r"not accept the key of the storage account 'devstoreaccount1' for abfs://lake@.*Correct",
    ),
    "expired signature": (
        lambda server: signed(
            server, server.signature(expiry=datetime.now(UTC) - timedelta(hours=1))
        ),
        r"The shared access signature has expired at 20.* UTC, and abfs://lake@.*Get a new one",
    ),
    "early signature": (
        lambda server: signed(
            server,
            server.signature(
                start=datetime.now(UTC) + timedelta(hours=1),
                expiry=datetime.now(UTC) + timedelta(hours=2),
            ),
        ),
        r"The shared access signature is not valid before 20.* UTC, and abfs://lake@",
    ),
    "signature of another key": (
        lambda server: signed(server, forged(server.signature())),
        r"does not accept the shared access signature for abfs://lake@",
    ),
    "signature for nothing": (
        lambda server: signed(server, server.signature("t")),
        r"Access to abfs://lake@.* is denied to the shared access signature: .*It allows 't' on",
    ),
    "signature for the account alone": (
        lambda server: signed(server, server.signature(types="s")),
        r"is denied to the shared access signature: .*It allows 'rwdlac' on 's'",
    ),
}


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_identity_that_azure_refuses_is_told(azurite: Azurite, mistake: str, asked: str) -> None:
    configure, message = MISTAKES[mistake]
    config = configure(azurite)

    with pytest.raises(AccessDeniedError, match=message) as failure:
        {**ASKED, **LOOKED}[asked](Provider(config=config))

    assert WRONG_KEY not in told(failure.value)
    if config.sas_token is not None:
        secret = config.sas_token.get_secret_value().partition("sig=")[2]
        assert secret not in told(failure.value)


def test_archived_blob_says_how_to_read_it(provider: Provider, lake: Blobs) -> None:
    bucket = provider.bucket(lake.name, "rows.parquet")
    bucket.write(ROWS)
    lake.client.get_blob_client("rows.parquet").set_standard_blob_tier("Archive")

    with pytest.raises(StorageError, match=r"rows\.parquet is archived and can't be read"):
        bucket.read()


@pytest.mark.parametrize(
    "asked", [lambda bucket: bucket.write(ROWS), lambda bucket: bucket.delete()]
)
def test_leased_blob_stays_as_it_is(
    asked: Callable[[Bucket], object], provider: Provider, lake: Blobs
) -> None:
    lake.put("rows.parquet", b"theirs")
    lake.client.get_blob_client("rows.parquet").acquire_lease()

    with pytest.raises(StorageError, match=r"rows\.parquet is leased by somebody else"):
        asked(provider.bucket(lake.name, "rows.parquet"))

    assert lake.bodies() == {"rows.parquet": b"theirs"}


def test_dataset_with_a_leased_blob_names_it(provider: Provider, lake: Blobs) -> None:
    lake.put("rows/a.parquet", b"a")
    lake.put("rows/b.parquet", b"b")
    lake.client.get_blob_client("rows/b.parquet").acquire_lease()

    with pytest.raises(StorageError, match=rf"{lake.uri('rows/b.parquet')} is leased"):
        provider.bucket(lake.name, "rows/").delete()


AWAY = ["http://127.0.0.1:9/lakes", "http://lakes.invalid"]


@pytest.mark.parametrize("endpoint", AWAY)
@pytest.mark.parametrize("asked", [one for one in ASKED if one != "long write"])
def test_endpoint_that_does_not_answer_is_told(asked: str, endpoint: str) -> None:
    config = AzureConfig.model_validate(
        {
            "resource_group": "rg",
            "storage_account": "lakes",
            "endpoint": endpoint,
            "sas_token": SIGNATURE,
            "max_retries": 0,
        }
    )

    with pytest.raises(
        StorageError, match=rf"Blob Storage can't be reached at {endpoint} for abfs://lake@lakes"
    ) as failure:
        ASKED[asked](Provider(config=config))

    assert CANARY not in told(failure.value)


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_lack_of_credentials_is_told(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    nobody = AzureConfig(
        resource_group="rg", storage_account="lakes", endpoint="https://127.0.0.1:9/lakes"
    )

    with pytest.raises(AccessDeniedError, match=r"No credential was found for abfs://lake@lakes"):
        {**ASKED, **LOOKED}[asked](Provider(config=nobody))


NO_KEY = r"the key of the storage account 'devstoreaccount1' is none: .*Set account_key \(AZURE"
NO_SIGNATURE = r"signature of the storage account 'devstoreaccount1' is none. Set sas_token \(AZURE"
UNREADABLE_SIGNATURE = r"signature of the storage account 'devstoreaccount1' can't be read: what f"


@pytest.mark.parametrize("asked", ["list", "read", "open", "exists of an object"])
@pytest.mark.parametrize(
    ("field", "given", "message"),
    [
        pytest.param("account_key", f"{CANARY}!!", NO_KEY, id="no-base64"),
        pytest.param("account_key", f"{CANARY[:13]}", NO_KEY, id="key-cut-short"),
        pytest.param("account_key", f"?{SIGNATURE}", NO_KEY, id="signature-as-key"),
        pytest.param("account_key", f"AccountName=a;AccountKey={CANARY}", NO_KEY, id="connection"),
        pytest.param("sas_token", f"{CANARY}=", NO_SIGNATURE, id="key-as-signature"),
        pytest.param("sas_token", f"https://a.b/?{SIGNATURE}", NO_SIGNATURE, id="url"),
        pytest.param("sas_token", f"{SIGNATURE}%AA", UNREADABLE_SIGNATURE, id="no-text"),
    ],
)
def test_what_can_be_no_secret_is_told(
    field: str, given: str, message: str, asked: str, azurite: Azurite
) -> None:
    config = azurite.config(**{"account_key": None, field: given})

    with pytest.raises(ConfigError, match=message) as failure:
        {**ASKED, **LOOKED}[asked](Provider(config=config))

    assert CANARY[:13] not in told(failure.value)


@pytest.mark.parametrize("asked", ["list", "read", "open"])
def test_token_is_not_sent_without_encryption(
    asked: str, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    config = azurite.config(account_key=None)

    with pytest.raises(ConfigError, match=r"sends no token to .* without TLS"):
        ASKED[asked](Provider(config=config))


@pytest.mark.parametrize("asked", [*ASKED, *LOOKED])
def test_missing_storage_account_is_told(asked: str) -> None:
    provider = Provider(config=AzureConfig(resource_group="rg"))

    with pytest.raises(ConfigError, match=r"names no storage account, which the URIs"):
        {**ASKED, **LOOKED}[asked](provider)


@pytest.mark.parametrize("asked", ["write", "delete", "list"])
def test_store_that_stays_busy_is_told(asked: str, azurite: Azurite) -> None:
    busy = refusal(503, "ServerBusy", "The server is busy.")
    with RefusingStore(busy) as store:
        endpoint = f"{store.endpoint}/{DEVELOPMENT_ACCOUNT}"
        provider = Provider(config=azurite.config(endpoint=endpoint, max_retries=0))

        with pytest.raises(StorageError, match=r"is too busy for abfs://lake@.*Try again later"):
            ASKED[asked](provider)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("My-Data", "lower case"),
        ("my_data", "lower case"),
        ("my.data", "lower case"),
        ("ab", "it has 2 characters; expected 3 to 63"),
        ("a" * 64, "it has 64 characters"),
        ("-data", "as its first and last"),
        ("my--data", "two hyphens"),
    ],
)
def test_bucket_name_that_azure_refuses_is_refused_when_it_is_given(
    name: str, problem: str, provider: Provider
) -> None:
    with pytest.raises(PathError, match=f"is not legal on Blob Storage.*{problem}"):
        provider.bucket(name, "rows.parquet")

    assert provider.get_resources() == []


@pytest.mark.parametrize("name", ["my-data", "abc", "a" * 63, "0data0", "$web"])
def test_bucket_name_that_azure_takes_is_taken(name: str, provider: Provider) -> None:
    assert isinstance(provider.bucket(name), Bucket)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("x" * 1025, "it has 1,025 characters"),
        ("/".join("a" * 255), "it has 255 parts"),
        ("a./rows.parquet", "ends in a full stop"),
    ],
)
def test_path_that_azure_refuses_is_refused(path: str, problem: str, provider: Provider) -> None:
    with pytest.raises(PathError, match=problem):
        provider.bucket("lake", path)
