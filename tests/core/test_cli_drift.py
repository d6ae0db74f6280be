"""`glacier deploy` and `glacier drift`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli_project import invoke, project_in

INFRA = """
from pathlib import Path

from glacier import Provider
from glacier_toy import ToyConfig
from glacier_toy.database import Database

provider = Provider(ToyConfig(region="attic"))
provider.resource(Database, "shop")
"""

HALF_WAY = """
from glacier.errors import JobError

class Broken(Database):
    def deploy(self):
        raise JobError("The disk of 'broken' is full.")

second = Provider(ToyConfig(region="cellar"))
second.resource(Database, "stock")
second.resource(Broken, "broken")
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with project_in(tmp_path, monkeypatch) as directory:
        (directory / "infra.py").write_text(INFRA)
        yield directory


def test_drift_tells_what_differs_and_exits_with_2() -> None:
    result = invoke("drift", "infra.py")

    assert result.exit_code == 2, result.stderr
    assert result.stdout == "database 'shop' is missing\n"


def test_drift_after_a_deployment_exits_with_0() -> None:
    deployed = invoke("deploy", "infra.py:provider")

    result = invoke("drift", "infra.py:provider")

    assert deployed.exit_code == 0, deployed.stderr
    assert deployed.stdout.splitlines()[1].split() == [
        "database",
        "'shop'",
        "existence",
        "None",
        "there",
    ]
    assert (result.exit_code, result.stdout) == (0, "Nothing differs.\n")


def test_drift_that_is_asked_for_wrongly_exits_with_1() -> None:
    """2 would say that something differs."""
    for arguments in [(), ("infra.py", "--nothing"), ("infra.py", "more")]:
        result = invoke("drift", *arguments)

        assert result.exit_code == 1, arguments
        assert "Usage: " in result.stderr


def test_deployment_that_fails_half_way_tells_what_was_done(project: Path) -> None:
    (project / "infra.py").write_text(INFRA + HALF_WAY)

    result = invoke("deploy", "infra.py")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[1].split()[:3] == ["database", "'shop'", "existence"]
    error, note, _, row = result.stderr.splitlines()
    assert error == "Error: The disk of 'broken' is full."
    assert note == "Deployed before that, and still there:"
    assert row.split()[:3] == ["database", "'stock'", "existence"]


def test_interrupted_deployment_tells_what_was_done(project: Path) -> None:
    (project / "infra.py").write_text(INFRA + HALF_WAY.replace("JobError(", "KeyboardInterrupt("))

    result = invoke("deploy", "infra.py")

    assert result.exit_code == 130
    assert "deploy again to finish" in result.stderr
    assert "'stock'" in result.stderr


def test_drift_that_can_not_be_told_is_an_error_of_its_own() -> None:
    result = invoke("drift", "nowhere.py")

    assert result.exit_code == 1
    assert "There is no file 'nowhere.py'" in result.stderr
