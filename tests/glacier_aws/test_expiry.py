"""Credentials that expire while a run goes on."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.config import AwsConfig
from glacier.errors import RunError
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import REGION, AwsServer
from tests.rigs.proxy import Proxy, Request, delay, error

LIFE_SECONDS = 3
TURNS = 4
SCRIPT = f"""#!/bin/sh
now=$(date +%s)
cat <<END
{{"Version": 1, "AccessKeyId": "AKID$now", "SecretAccessKey": "secret", "SessionToken": "token",
 "Expiration": "$(date -u -d @$((now + {LIFE_SECONDS})) +%Y-%m-%dT%H:%M:%SZ)"}}
END
"""
"""What gives out keys, as companies' own tools do: others every second, for few seconds each."""


@pytest.fixture
def objects(aws_server: AwsServer) -> Objects:
    return Objects(aws_server)


@pytest.fixture
def proxy(aws_server: AwsServer) -> Iterator[Proxy]:
    with Proxy(aws_server.endpoint) as made:
        made.on(error(400, "ExpiredToken"), when=outlived())
        made.on(delay(2), query="partNumber")
        yield made


@pytest.fixture
def config(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsConfig:
    """The profile of a tool that gives out short-lived keys."""
    script = tmp_path / "keys.sh"
    script.write_text(SCRIPT)
    script.chmod(0o700)
    (tmp_path / "config").write_text(f"[profile rotating]\ncredential_process = {script}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return AwsConfig(region=REGION, profile="rotating", endpoint_url=proxy.endpoint)


def outlived() -> Callable[[Request], bool]:
    """Return what is true of requests with a key that was first used too long ago."""
    first_used: dict[str, float] = {}

    def is_outlived(request: Request) -> bool:
        now = time.monotonic()
        return now - first_used.setdefault(request.access_key, now) > LIFE_SECONDS

    return is_outlived


@task
def copy(source: Bucket, target: Bucket) -> Bucket:
    target.write(source.scan().with_columns(pl.col("n") + 1))
    return target


def copying(provider: Provider, bucket_name: str) -> Callable[[], object]:
    """Return a run that takes longer than any key lives: copies, one after the other."""
    buckets = [provider.bucket(bucket_name, f"{turn}.parquet") for turn in range(TURNS + 1)]

    @pipeline
    def run() -> None:
        source = buckets[0]
        for target in buckets[1:]:
            source = copy(source, target)

    return run.run


def rows() -> pl.DataFrame:
    """Rows whose file has two parts."""
    return pl.select(n=pl.int_range(1_200_000).hash() // 2)


def test_keys_that_are_renewed_see_a_run_to_its_end(
    aws_server: AwsServer, config: AwsConfig, proxy: Proxy, objects: Objects
) -> None:
    sound = Provider(config=aws_server.config())
    sound.bucket(objects.name, "0.parquet").write(rows())
    started = time.monotonic()

    copying(Provider(config=config), objects.name)()

    assert time.monotonic() - started > 2 * LIFE_SECONDS
    assert len({one.access_key for one in proxy.requests}) > 2
    assert sound.bucket(objects.name, f"{TURNS}.parquet").read().equals(rows() + TURNS)


def test_keys_that_are_not_renewed_end_a_run_with_what_happened(
    aws_server: AwsServer, proxy: Proxy, objects: Objects
) -> None:
    sound = Provider(config=aws_server.config())
    sound.bucket(objects.name, "0.parquet").write(rows())
    sound.bucket(objects.name, f"{TURNS}.parquet").write(rows())
    old = objects.bodies()

    with pytest.raises(RunError, match=rf"s3://{objects.name}/\d\.parquet") as caught:
        copying(Provider(config=aws_server.config(endpoint_url=proxy.endpoint)), objects.name)()

    assert "expired" in str(caught.value).lower()
    now = objects.bodies()
    assert {key: now[key] for key in old} == old
