"""No secret leaves the process with a job."""

import copy
import gc
import importlib
import json
import os
import pickle
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import polars as pl
import pytest
from pydantic import BaseModel, Field, SecretBytes, SecretStr

from glacier import Bucket, Provider
from glacier.config import LocalConfig, ResourceConfig
from glacier.drift import UNTOLD, Difference
from glacier.errors import PackageError
from glacier.jobs.call import CALL_MAIN, Call
from glacier.jobs.package import Package, write_package
from glacier.known_secrets import check_no_secret, known_secrets, without_secrets
from tests.core.packaged_jobs import directory_of, place_in, start

CANARY = "canary-" + secrets.token_hex(12)


class TokenConfig(LocalConfig):
    """This machine, behind a token."""

    token: SecretStr = SecretStr("")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        return cls(token=SecretStr((os.environ if environ is None else environ)["TOKEN"]))


class NestedConfig(ResourceConfig):
    """A config with secrets in all places."""

    plain: str = ""
    raw: SecretBytes = SecretBytes(b"")
    several: dict[str, list[SecretStr]] = Field(default_factory=dict)
    inner: TokenConfig | None = None


def make_bucket(base_path: Path, path: str) -> Bucket:
    provider = Provider(TokenConfig(base_path=base_path, token=SecretStr(CANARY)))
    bucket = provider.bucket("sales", path, "delta" if path == "table" else None)
    bucket.write(pl.DataFrame({"x": [1, 2, 3]}))
    return bucket


GLOBAL: dict[str, Bucket] = {}
KEPT: list[TokenConfig] = []


def total(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.col("x").sum()).collect().item())


def total_of_bucket(bucket: Bucket) -> int:
    return total(bucket.scan())


def as_argument(bucket: Bucket) -> Call:
    return Call(total_of_bucket, (bucket,))


def as_scan(bucket: Bucket) -> Call:
    return Call(total, (bucket.scan(),))


def as_query(bucket: Bucket) -> Call:
    return Call(total, (bucket.scan().filter(pl.col("x") > 0),))


def through_a_closure(bucket: Bucket) -> Call:
    return Call(lambda: total_of_bucket(bucket))


def as_a_global(bucket: Bucket) -> Call:
    GLOBAL["bucket"] = bucket
    source = "lambda: total_of_bucket(GLOBAL['bucket'])"
    names = {"GLOBAL": GLOBAL, "total_of_bucket": total_of_bucket, "__name__": "__main__"}
    return Call(eval(source, names))


def as_provider(bucket: Bucket) -> Call:
    provider, path, name = bucket.provider, bucket.path, bucket.format
    return Call(lambda: total_of_bucket(provider.bucket("sales", path, name)))


def every_byte_below(directory: Path) -> bytes:
    """Return all bytes of all files, those in archives unpacked."""
    found = []
    for path in directory.rglob("*"):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                found += [archive.read(name) for name in archive.namelist()]
        if path.is_file():
            found.append(path.read_bytes())
    return b"".join(found)


@pytest.mark.parametrize("path", ["rows.parquet", "table"])
@pytest.mark.parametrize(
    "make",
    [as_argument, as_scan, as_query, through_a_closure, as_a_global, as_provider],
)
def test_secret_is_nowhere_in_what_travels(
    tmp_path: Path, path: str, make: Callable[[Bucket], Call]
) -> None:
    bucket = make_bucket(tmp_path, path)
    place = place_in(bucket.provider)

    package = write_package(place, make(bucket), CALL_MAIN)
    ended = start(package)

    assert ended.value == 6
    everything = every_byte_below(directory_of(place))
    assert b"total_of_bucket" in everything
    assert CANARY.encode() not in everything
    assert CANARY not in f"{package!r}{package.args}{ended.output}{ended.errors}"


@pytest.fixture
def config() -> TokenConfig:
    return TokenConfig(token=SecretStr(CANARY))


def packing(provider: Provider, function: Callable[[], object]) -> Package:
    return write_package(place_in(provider), Call(function), CALL_MAIN)


def test_secret_in_the_payload_is_refused(provider: Provider, config: TokenConfig) -> None:
    revealed = config.token.get_secret_value()

    with pytest.raises(
        PackageError,
        match=r"^The job's file payload\.pickle holds the secret TokenConfig\.token, which would",
    ) as caught:
        packing(provider, lambda: revealed)

    assert CANARY not in str(caught.value)
    assert not list(directory_of(place_in(provider)).parent.glob("*"))


def test_secret_in_a_source_file_is_refused(
    provider: Provider, config: TokenConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flat_secret.py").write_text(f"TOKEN = {CANARY!r}\ndef f(): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    # Were it named as an import, it would travel with every other job of this module.
    flat_secret = importlib.import_module("_".join(["flat", "secret"]))

    with pytest.raises(PackageError, match=r"^The job's file flat_secret\.py holds the secret Tok"):
        packing(provider, flat_secret.f)


def test_secret_in_a_plan_is_refused(provider: Provider, config: TokenConfig) -> None:
    bucket = provider.bucket("sales", "rows.parquet")
    bucket.write(pl.DataFrame({"x": [1]}))
    query = bucket.scan().with_columns(pl.lit(config.token.get_secret_value()).alias("token"))

    with pytest.raises(PackageError, match=r"payload\.pickle holds the secret TokenConfig\.token"):
        write_package(place_in(provider), Call(total, (query,)), CALL_MAIN)


def test_secret_in_a_result_is_refused(provider: Provider, config: TokenConfig) -> None:
    def reveal() -> str:
        from tests.core.test_known_secrets import KEPT, TokenConfig

        KEPT.append(TokenConfig(token=SecretStr("another-secret")))
        return KEPT[0].token.get_secret_value()

    ended = start(packing(provider, reveal))

    assert ended.outcome.error is not None
    assert "The job's result holds the secret TokenConfig.token" in str(ended.outcome.error)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda secret: secret.encode(),
        lambda secret: json.dumps(secret).encode(),
        lambda secret: json.dumps(secret, ensure_ascii=False).encode(),
        lambda secret: b"https://user:p%C3%A4ss%22w%C3%B6rd%2F1@host",
    ],
    ids=["plain", "json", "json in utf-8", "url"],
)
def test_secret_is_found_however_it_is_spelled(spelled: Callable[[str], bytes]) -> None:
    value = 'päss"wörd/1'
    config = TokenConfig(token=SecretStr(value))

    with pytest.raises(PackageError, match=r"^notes\.txt holds the secret TokenConfig\.token"):
        check_no_secret("notes.txt", b"before " + spelled(value) + b" after")

    assert config.token


def owners_of(secret: bytes) -> list[str]:
    return [one.owner for one in known_secrets() if secret in one.forms]


def made(token: str) -> TokenConfig:
    return TokenConfig(token=SecretStr(token))


@pytest.mark.parametrize(
    "make",
    [
        made,
        lambda token: TokenConfig.model_validate({"token": token}),
        lambda token: TokenConfig.model_construct(token=SecretStr(token)),
        lambda token: TokenConfig().model_copy(update={"token": SecretStr(token)}),
        lambda token: copy.copy(made(token)),
        lambda token: TokenConfig.from_env({"TOKEN": token}),
    ],
    ids=["init", "validate", "construct", "copy of model", "copy", "from_env"],
)
def test_secret_is_known_however_its_config_came_to_be(make: Callable[[str], Any]) -> None:
    token = secrets.token_hex()

    config = make(token)

    assert owners_of(token.encode()) == ["TokenConfig.token"]
    assert config.token.get_secret_value() == token


def test_secrets_in_containers_and_nested_configs_are_known() -> None:
    config = NestedConfig(
        raw=SecretBytes(b"raw-bytes-\xff"),
        several={"a": [SecretStr("one-of-several")]},
        inner=TokenConfig(token=SecretStr("inner-token")),
        plain="plain-text",
    )

    assert owners_of(b"raw-bytes-\xff") == ["NestedConfig.raw"]
    assert owners_of(b"one-of-several") == ["NestedConfig.several"]
    assert owners_of(b"inner-token") == ["TokenConfig.token"]
    assert owners_of(b"plain-text") == []
    assert config.inner


def test_secret_of_few_characters_is_not_searched_for() -> None:
    config = TokenConfig(token=SecretStr("seven77"))

    check_no_secret("notes.txt", b"seven77")

    assert config.token


def test_config_that_is_gone_is_forgotten() -> None:
    token = secrets.token_hex()
    config = made(token)
    known = owners_of(token.encode())

    del config
    gc.collect()

    assert known == ["TokenConfig.token"]
    assert owners_of(token.encode()) == []


def test_config_of_unhashable_fields_is_known() -> None:
    token = secrets.token_hex()

    config = NestedConfig(several={"a": [SecretStr(token)]}, overrides={"b": [1]})

    assert owners_of(token.encode()) == ["NestedConfig.several"]
    assert config.overrides


def test_config_unpickles_without_its_secret() -> None:
    arrived = pickle.loads(pickle.dumps(made(CANARY)))

    assert arrived == TokenConfig()


def test_config_unpickles_without_secrets_in_other_models() -> None:
    class Login(BaseModel):
        password: SecretStr

    config = NestedConfig(plain="x", overrides={"login": Login(password=SecretStr(CANARY))})

    data = pickle.dumps(config)

    assert CANARY.encode() not in data
    assert pickle.loads(data) == NestedConfig(plain="x")


def test_repr_of_known_secrets_does_not_reveal_them(config: TokenConfig) -> None:
    assert CANARY not in repr(known_secrets())


def test_fresh_process_knows_no_secret() -> None:
    code = "from glacier.known_secrets import known_secrets; print(known_secrets())"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "()"


@pytest.mark.parametrize("spelled", [str.encode, lambda key: json.dumps({"key": key}).encode()])
def test_private_key_within_a_secret_is_known(spelled: Callable[[str], bytes]) -> None:
    key = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
    config = made(json.dumps({"account": "etl@example.com", "private_key": key}))

    check_no_secret("notes.txt", b"etl@example.com")

    with pytest.raises(PackageError, match=r"holds the secret TokenConfig\.token"):
        check_no_secret("notes.txt", spelled(key))
    assert config.token


def test_private_key_in_json_within_json_is_found() -> None:
    info = {"private_key": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"}
    config = TokenConfig(token=SecretStr(json.dumps(info, indent=2)))
    environment = json.dumps({"environment": {"KEY": json.dumps(info)}})

    with pytest.raises(PackageError, match=r"the secret TokenConfig\.token"):
        check_no_secret("job", environment.encode())

    assert config.token


@pytest.mark.parametrize("secret", ["pa'ss\"word-123", "tab\tand\x7fmore-123", "größe-secret-123"])
def test_secret_in_a_difference_is_found_however_it_is_spelled(secret: str) -> None:
    config = TokenConfig(token=SecretStr(secret))

    (found,) = without_secrets([Difference("job 'x'", "tags", {"a": "b"}, {"a": secret})])
    with pytest.raises(PackageError) as caught:
        without_secrets([Difference("job 'x'", "tags", {"a": [secret]}, None)])

    assert found.found == UNTOLD
    assert secret not in str(caught.value)
    assert config.token
