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


def test_drift_that_can_not_be_told_is_an_error_of_its_own() -> None:
    result = invoke("drift", "nowhere.py")

    assert result.exit_code == 1
    assert "There is no file 'nowhere.py'" in result.stderr
