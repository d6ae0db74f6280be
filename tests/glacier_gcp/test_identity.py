"""One config is one identity, for Google's clients, for gcsfs and for Polars."""

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from google.auth.exceptions import TransportError
from polars.testing import assert_frame_equal
from pydantic import SecretStr

from glacier import Bucket, Provider
from glacier.config import GcpConfig
from glacier.config.base import elsewhere
from glacier.errors import AccessDeniedError, ConfigError
from glacier_gcp.credentials import TokenRequest
from glacier_gcp.session import session_of
from tests.glacier_gcp.clients import ROWS, use_all, use_clients
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.accounts import MACHINE, OWNER
from tests.rigs.gcp.server import GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Proxy, drop, error

ROOT = Path(__file__).resolve().parents[2]
ETL = f"etl@{PROJECT}.iam.gserviceaccount.com"
READER = f"reader@{PROJECT}.iam.gserviceaccount.com"

Configure = Callable[[GcpServer, Path, pytest.MonkeyPatch], GcpConfig]


def with_key(server: GcpServer, directory: Path, monkeypatch: pytest.MonkeyPatch) -> GcpConfig:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(written(server, directory, READER)))
    return server.config(service_account_key=server.key(ETL))


def with_path(server: GcpServer, directory: Path, monkeypatch: pytest.MonkeyPatch) -> GcpConfig:
    path = written(server, directory, ETL)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(written(server, directory, READER)))
    return server.config(service_account_key_path=str(path))


def with_environment(
    server: GcpServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> GcpConfig:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(written(server, directory, ETL)))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.endpoint)
    return GcpConfig(project=PROJECT)


def as_another_account(
    server: GcpServer, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> GcpConfig:
    server.key(ETL)
    return server.config(impersonate_service_account=ETL)


def written(server: GcpServer, directory: Path, email: str) -> Path:
    """Return a file with the key of an account."""
    path = directory / f"{email}.json"
    path.write_text(server.key(email))
    return path


def seen(server: GcpServer, bucket: Bucket) -> dict[str, set[str]]:
    """Return who has asked for a bucket, by which client it was."""
    work: dict[str, Callable[[], object]] = {
        "client": bucket.exists,
        "gcsfs": lambda: bucket.filesystem.cat_file(bucket.adapter.location().path),
        "polars": lambda: bucket.scan().collect(),
        "write": lambda: bucket.write(ROWS),
    }
    found = {}
    for who, do in work.items():
        server.requests(forget=True)
        do()
        asked = server.requests(forget=True)
        found[who] = {one["identity"] for one in about(bucket, asked)}
    return found


def about(bucket: Bucket, asked: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return those requests that were about a bucket."""
    return [one for one in asked if bucket.bucket_name in unquote(one["path"])]


def by_all(email: str) -> dict[str, set[str]]:
    return {who: {email} for who in ("client", "gcsfs", "polars", "write")}


def tokens_got(server: GcpServer) -> int:
    """Return how often a token was asked for since requests were forgotten."""
    asked = [one["path"] for one in server.requests()]
    return len(
        [path for path in asked if path == "/token" or path.endswith(":generateAccessToken")]
    )


@pytest.fixture
def rows(gcp_server: GcpServer, provider: Provider, lake: Objects) -> Bucket:
    """An object that is there, and that two accounts may use."""
    for account in (ETL, READER):
        gcp_server.key(account)
    gcp_server.grant(ETL, "roles/storage.objectAdmin", bucket=lake.name)
    gcp_server.grant(READER, "roles/storage.objectViewer", bucket=lake.name)
    bucket = provider.bucket(lake.name, "rows.parquet")
    bucket.write(ROWS)
    return bucket


@pytest.mark.parametrize("configure", [with_key, with_path, with_environment, as_another_account])
def test_all_ask_as_the_account_of_the_config(
    configure: Configure,
    gcp_server: GcpServer,
    rows: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = configure(gcp_server, tmp_path, monkeypatch)

    found = seen(gcp_server, Provider(config=config).bucket(rows.bucket_name, rows.path))

    assert found == by_all(ETL)


@pytest.mark.parametrize("configure", [with_key, with_path, with_environment])
def test_libraries_of_tables_ask_as_the_account_of_the_config(
    configure: Configure,
    gcp_server: GcpServer,
    rows: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = configure(gcp_server, tmp_path, monkeypatch)
    gcp_server.requests(forget=True)

    use_all(Provider(config=config), rows.bucket_name)

    asked = about(rows, gcp_server.requests())
    assert {one["identity"] for one in asked} == {ETL}


def test_endpoint_is_entered_anonymously_where_nobody_is_named(
    gcp_server: GcpServer, rows: Bucket
) -> None:
    gcp_server.grant("allUsers", "roles/storage.objectAdmin", bucket=rows.bucket_name)
    nobody = GcpConfig(project=PROJECT, endpoint=gcp_server.endpoint)

    found = seen(gcp_server, Provider(config=nobody).bucket(rows.bucket_name, rows.path))

    assert found == by_all("")


def test_anonymous_caller_is_told_to_name_somebody(gcp_server: GcpServer, rows: Bucket) -> None:
    nobody = GcpConfig(project=PROJECT, endpoint=gcp_server.endpoint)

    with pytest.raises(AccessDeniedError, match=r"denied to an anonymous caller.*Set a credential"):
        Provider(config=nobody).bucket(rows.bucket_name, rows.path).read()


def test_writes_ask_as_the_account_of_the_config(gcp_server: GcpServer, rows: Bucket) -> None:
    mine = Provider(config=gcp_server.config(service_account_key=gcp_server.key(ETL)))
    gcp_server.requests(forget=True)

    mine.bucket(rows.bucket_name, "new.parquet").write(ROWS, mode="error")
    mine.bucket(rows.bucket_name, "rows/").write(ROWS)
    mine.bucket(rows.bucket_name, "rows/").write(ROWS, mode="overwrite")
    mine.bucket(rows.bucket_name, "rows/").delete()

    asked = [one for one in gcp_server.requests() if one["path"] != "/token"]
    assert {one["identity"] for one in asked} == {ETL}


def test_two_identities_of_a_process_stay_apart(gcp_server: GcpServer, rows: Bucket) -> None:
    stranger = gcp_server.config(service_account_key=gcp_server.key(f"x@{PROJECT}"))
    theirs = Provider(config=stranger).bucket(rows.bucket_name, rows.path)

    before = rows.read()

    with pytest.raises(AccessDeniedError, match=f"denied to the service account x@{PROJECT}"):
        theirs.read()
    assert_frame_equal(rows.read(), before)


def test_environment_that_changes_changes_the_identity(
    gcp_server: GcpServer, rows: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_environment(gcp_server, tmp_path, monkeypatch)
    before = seen(gcp_server, Provider(config=config).bucket(rows.bucket_name, rows.path))
    owner = str(written(gcp_server, tmp_path, OWNER))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", owner)

    after = seen(gcp_server, Provider(config=config).bucket(rows.bucket_name, rows.path))

    assert (before, after) == (by_all(ETL), by_all(OWNER))


# Tokens.


def test_token_is_got_once_for_all_clients(gcp_server: GcpServer, rows: Bucket) -> None:
    config = gcp_server.config(service_account_key=gcp_server.key(ETL), zone="europe-west1-b")
    gcp_server.requests(forget=True)

    use_clients(Provider(config=config), rows.bucket_name)
    use_clients(Provider(config=config), rows.bucket_name)

    assert tokens_got(gcp_server) == 1


def test_token_is_got_once_for_all_threads(gcp_server: GcpServer, rows: Bucket) -> None:
    config = gcp_server.config(zone="europe-west1-c")
    bucket, start = Provider(config=config).bucket(rows.bucket_name), threading.Barrier(8)
    gcp_server.requests(forget=True)

    def ask() -> None:
        start.wait()
        bucket.exists()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert tokens_got(gcp_server) == 1


@pytest.fixture
def brief(gcp_server: GcpServer) -> Iterator[GcpServer]:
    """The server, whose tokens live for two seconds."""
    gcp_server.set_token_lifetime(2)
    yield gcp_server
    gcp_server.set_token_lifetime(3600)


@pytest.mark.parametrize("account", [None, ETL])
def test_tokens_that_expire_are_got_again(
    account: str | None, brief: GcpServer, rows: Bucket
) -> None:
    brief.key(ETL)
    config = brief.config(zone="europe-west1-d", impersonate_service_account=account)
    bucket = Provider(config=config).bucket(rows.bucket_name, rows.path)
    before = seen(brief, bucket)
    time.sleep(2.1)

    after = seen(brief, bucket)

    assert before == after == by_all(account or OWNER)


def test_token_that_google_has_dropped_is_got_again(gcp_server: GcpServer, rows: Bucket) -> None:
    email = f"dropped@{PROJECT}"
    config = gcp_server.config(service_account_key=gcp_server.key(email))
    gcp_server.grant(email, "roles/storage.objectUser", bucket=rows.bucket_name)
    theirs = Provider(config=config).bucket(rows.bucket_name, rows.path)
    before = theirs.exists()
    gcp_server.expire_tokens(email)

    after = theirs.exists()

    assert before is after is True


def test_equal_configs_share_a_session(gcp_server: GcpServer) -> None:
    assert session_of(gcp_server.config()) is session_of(gcp_server.config())


def test_threads_that_meet_a_new_session_share_what_it_makes(gcp_server: GcpServer) -> None:
    session, start = session_of(gcp_server.config(region="us-east1")), threading.Barrier(8)
    found = []

    def meet() -> None:
        start.wait()
        parts = (session.storage, session.credential_provider, session.filesystem)
        found.append(tuple(id(one) for one in parts))

    threads = [threading.Thread(target=meet) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(found) == 8
    assert len(set(found)) == 1


# The identity of a machine, in a process of its own.


def ran(server: GcpServer, bucket_name: str, **variables: str) -> tuple[str, str]:
    """Return what a process prints that uses every client on a machine of Google's."""
    known = {"GOOGLE_CLOUD_PROJECT": PROJECT, "STORAGE_EMULATOR_HOST": server.endpoint}
    done = subprocess.run(
        [sys.executable, "-m", "tests.glacier_gcp.clients", bucket_name],
        env={"PATH": os.environ["PATH"], **known, **server.metadata, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


def test_all_ask_as_the_account_of_the_machine(gcp_server: GcpServer, rows: Bucket) -> None:
    gcp_server.requests(forget=True)

    printed = ran(gcp_server, rows.bucket_name)

    asked = about(rows, gcp_server.requests())
    assert printed == ("done\n", "")
    assert {one["identity"] for one in asked} == {MACHINE}


def test_account_of_the_machine_can_act_as_another(gcp_server: GcpServer, rows: Bucket) -> None:
    gcp_server.requests(forget=True)

    printed = ran(gcp_server, rows.bucket_name, GOOGLE_IMPERSONATE_SERVICE_ACCOUNT=ETL)

    asked = about(rows, gcp_server.requests())
    assert "Delta tables on Cloud Storage can't be reached as etl@" in printed[1]
    assert {one["identity"] for one in asked} == {ETL}


SEARCH = """
from glacier import Provider
from glacier.errors import AccessDeniedError

try:
    Provider.from_env().bucket("lake", "rows.parquet").read()
except AccessDeniedError as error:
    print(error)
"""


def test_identity_that_is_not_there_is_looked_for_once(gcp_server: GcpServer) -> None:
    with Proxy(gcp_server.endpoint) as proxy:
        proxy.on(error(404, "NotFound"))
        host = proxy.endpoint.removeprefix("http://")
        done = subprocess.run(
            [sys.executable, "-c", SEARCH],
            env={
                "GOOGLE_CLOUD_PROJECT": PROJECT,
                "CLOUDSDK_CONFIG": "/nowhere",
                "GCE_METADATA_HOST": host,
                "GCE_METADATA_IP": host,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.stdout.startswith("No credential was found for gs://lake/rows.parquet.")
    assert len(proxy.requests) == 1


def test_token_is_asked_for_once_where_nobody_may_be_there(proxy: Proxy) -> None:
    """A machine without a metadata server is told so by google-auth's own few tries."""
    proxy.on(drop)

    with pytest.raises(TransportError):
        TokenRequest((1, 1))(f"{proxy.endpoint}/computeMetadata/v1/")

    assert len(proxy.requests) == 1


# What leaves the process.


def test_config_for_another_machine_pickles_without_its_identity() -> None:
    config = GcpConfig(
        project="p",
        zone="europe-west1-b",
        service_account_key=SecretStr('{"private_key": "key-canary"}'),
        impersonate_service_account="account-canary@p.iam.gserviceaccount.com",
    )
    by_path = GcpConfig(project="p", service_account_key_path="path-canary")

    with elsewhere():
        content = pickle.dumps([config, by_path])

    arrived = [GcpConfig(project="p", zone="europe-west1-b"), GcpConfig(project="p")]
    assert pickle.loads(content) == arrived
    assert b"canary" not in content


def test_credential_stays_in_its_process(gcp_server: GcpServer) -> None:
    filesystem = session_of(gcp_server.config()).filesystem

    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(filesystem)


@pytest.mark.parametrize("path", ["rows.parquet", "rows/", "ro*.parquet"])
def test_plan_holds_no_secret_and_is_read_by_whoever_has_it(
    path: str, gcp_server: GcpServer, rows: Bucket
) -> None:
    config = gcp_server.config(service_account_key=gcp_server.key(ETL))
    bucket = Provider(config=config).bucket(rows.bucket_name, path)
    if path.endswith("/"):
        bucket.write(ROWS)
    bucket.read()

    plan = bucket.scan().serialize()

    assert b"PRIVATE KEY" not in plan
    assert ETL.encode() not in plan
    assert str(session_of(config).token()[0]).encode() not in plan
    program = (
        "import sys, polars as pl;"
        "print(pl.LazyFrame.deserialize(sys.stdin.buffer).collect()['n'].to_list())"
    )
    gcp_server.requests(forget=True)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input=plan,
        env=gcp_server.environment,
        capture_output=True,
        check=False,
    )
    assert (ran.stdout.decode(), ran.stderr.decode()) == ("[1, 2, 3]\n", "")
    asked = about(rows, gcp_server.requests())
    assert {one["identity"] for one in asked} == {OWNER}


# Credentials that are none.


@pytest.mark.parametrize("is_ambient", [False, True], ids=["config", "environment"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"was not found\. Correct"),
        ("not json", "is not a valid json file"),
        ("{}", "type is None|does not have a valid type"),
        ('{"type": "service_account", "private_key": "canary"}', "Failed to load service account"),
    ],
    ids=["missing", "text", "empty", "damaged"],
)
def test_file_that_holds_no_credential_is_told(
    content: str | None,
    problem: str,
    gcp_server: GcpServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_ambient: bool,
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    if is_ambient:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    given = None if is_ambient else str(path)
    config = gcp_server.config(service_account_key_path=given)

    with pytest.raises(ConfigError, match=rf"key\.json' is no file .*{problem}") as caught:
        Provider(config=config).bucket("lake").exists()

    assert "canary" not in str(caught.value)


def test_directory_in_place_of_a_file_with_a_credential_is_told(
    gcp_server: GcpServer, tmp_path: Path
) -> None:
    config = gcp_server.config(service_account_key_path=str(tmp_path))

    with pytest.raises(ConfigError, match=r"is no file with a credential: .*directory.*Correct"):
        Provider(config=config).bucket("lake").exists()


@pytest.mark.parametrize("field", ["private_key", "client_email", "token_uri"])
def test_key_that_lacks_something_is_told(field: str, gcp_server: GcpServer) -> None:
    fields = json.loads(gcp_server.key(ETL))
    fields[field] = "canary" if field == "private_key" else None
    kept = {name: value for name, value in fields.items() if value is not None}
    config = gcp_server.config(service_account_key=json.dumps(kept))

    with pytest.raises(ConfigError, match="service_account_key is no key of a service") as caught:
        Provider(config=config).bucket("lake").exists()

    assert "canary" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value)
