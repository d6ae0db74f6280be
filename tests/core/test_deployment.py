"""All resources of a provider at once: in order, each once, and only where it differs."""

from pathlib import Path

from glacier import Provider
from glacier.config import LocalConfig
from glacier.deployment import Deployment
from glacier.drift import Difference, differences, missing


def test_differences_are_named_within_mappings() -> None:
    wanted = {"size": 2, "labels": {"team": "data", "stage": "prod"}, "rules": [{"a": 1, "b": 2}]}
    found = {"size": 2, "labels": {"team": "ops", "more": 1}, "rules": [{"b": 2, "a": 1}]}

    told = [str(one) for one in differences("bucket 'lake'", wanted, found)]

    assert told == [
        "bucket 'lake': labels.team is 'ops' and should be 'data'",
        "bucket 'lake': labels.stage is None and should be 'prod'",
    ]


def test_thing_that_is_not_there_is_missing() -> None:
    assert str(missing("bucket 'lake'")) == "bucket 'lake' is missing"


def test_deployment_prints_a_table() -> None:
    done = Deployment(
        (missing("bucket 'lake'"), Difference("bucket 'l'", "versioning", True, False))
    )

    assert str(done).splitlines() == [
        "what           setting     was    is",
        "bucket 'lake'  existence   None   there",
        "bucket 'l'     versioning  False  True",
    ]


def test_deployment_prints_a_text_of_several_lines_on_one() -> None:
    done = Deployment((Difference("pool 'p'", "packages", "a==1\nb==2\n", None),))

    assert str(done).splitlines() == [
        "what      setting   was   is",
        r"pool 'p'  packages  None  a==1\nb==2\n",
    ]


def test_deployment_without_changes_says_so(tmp_path: Path) -> None:
    provider = Provider(config=LocalConfig(base_path=tmp_path))
    provider.bucket("lake", "a/")

    assert str(provider.deploy()) == "Nothing has changed."
    assert provider.drift() == ()
