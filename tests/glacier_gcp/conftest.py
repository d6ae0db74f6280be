"""What the tests of Google Cloud share."""

from pathlib import Path

import pytest

from tests.projects import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A user's project, whose modules can be imported."""
    monkeypatch.syspath_prepend(tmp_path / "project")
    return Project(tmp_path / "project")
