"""Nothing that a run was given can act in its page, and no secret is in it."""

import re

import polars as pl
import pytest
from pydantic import SecretStr

from glacier import Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.errors import RunError
from glacier.known_secrets import Hider
from glacier.report.page import html_of
from tests.report.reading import page_of
from tests.report.runs import load, sales_run, save

HOSTILE = "</script><script>alert('x')</script>\"><img src=x onerror=alert(1)> & <b>"
CANARY = "canary-s3cret/+value"


class GuardedConfig(LocalConfig):
    """A platform with a secret."""

    token: SecretStr


def test_names_are_text_whatever_they_hold(provider: Provider) -> None:
    target = provider.bucket("lake", "x<b>&'.parquet")

    @task
    def hostile(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.lit(HOSTILE).alias(HOSTILE))

    hostile.name = HOSTILE

    @pipeline(name=HOSTILE)
    def named() -> None:
        save(hostile(load(provider.bucket("lake", "sales.parquet"))), target)

    page = page_of(named.run())

    assert next(page.all("h1")).text == HOSTILE
    assert len(list(page.all("script"))) == 1
    assert list(page.all("img")) == list(page.all("b")) == []
    assert any(HOSTILE in one.text for one in page.all("th"))


def test_errors_are_text_whatever_they_hold() -> None:
    @task
    def failing() -> None:
        raise ValueError(HOSTILE)

    @pipeline
    def hostile() -> None:
        failing()

    with pytest.raises(RunError) as caught:
        hostile.run()

    page = page_of(caught.value.run)

    assert HOSTILE in next(page.all("p", class_="what")).text
    assert len(list(page.all("script"))) == 1


def test_policy_allows_the_pages_own_style_and_script_alone(provider: Provider) -> None:
    page = page_of(sales_run(provider))

    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    text = policy.attributes["content"] or ""
    assert text.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in text
    assert not any("style" in one.attributes for one in page.all())
    assert not any(name.startswith("on") for one in page.all() for name in one.attributes)


def test_page_names_no_place_outside_of_it(provider: Provider) -> None:
    page = page_of(sales_run(provider))

    places = [
        value
        for one in page.all()
        for name, value in one.attributes.items()
        if name in {"src", "href", "srcset", "action", "xlink:href"}
    ]

    assert all(re.match(r"#|data:,$", place or "") for place in places)


def test_page_holds_no_secret_of_a_config(provider: Provider) -> None:
    """In a name, an error, its trace, a plan, a URI and the log of a job."""
    config = GuardedConfig(token=SecretStr(CANARY))
    secret = config.token.get_secret_value()
    lake = provider.bucket("lake")
    far = provider.executor("far")

    @task
    def leaking(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(token=pl.lit(secret))

    leaking.name = f"a-name-so-long-with-{secret}"

    @task
    def failing() -> None:
        raise ValueError(f"a key\n{secret}")

    @task(executor=far)
    def telling() -> None:
        print("canary-s3cret/", "+value", sep="")

    @pipeline(name=f"with {secret}")
    def everywhere() -> None:
        sales = load(lake / "sales.parquet")
        save(leaking(sales), lake / f"{secret}/x.parquet")
        telling()
        failing()

    with pytest.raises(RunError) as caught:
        everywhere.run()
    html = html_of(caught.value.run)

    assert "canary" not in html
    assert html.count("(hidden)") > 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://ann:pass-word@host/db", "postgres://ann:(hidden)@host/db"),
        ("postgres://ann:p@ss'w&rd@host/db", "postgres://ann:(hidden)@host/db"),
        ("https://x:8080/y?mail=a@b", "https://x:8080/y?mail=a@b"),
        ("https://x/y?sv=2&sig=abc%2F&se=3", "https://x/y?sv=2&sig=(hidden)&se=3"),
        ("s3://b/k?X-Amz-Signature=0a1b", "s3://b/k?X-Amz-Signature=(hidden)"),
        ("file:///srv/data/x.parquet", "file:///srv/data/x.parquet"),
        ("at 12:30 mail ann@example.com", "at 12:30 mail ann@example.com"),
    ],
)
def test_secrets_that_uris_carry_are_hidden(text: str, shown: str) -> None:
    assert Hider()(text) == shown
