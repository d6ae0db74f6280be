"""The platforms on which pages run."""

from pathlib import Path

import pytest

ON_AWS = {"aws.md"}


@pytest.fixture(autouse=True)
def platform_of_the_page(
    request: pytest.FixtureRequest, no_ambient_platform: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a page about AWS find the rig's server and test credentials in its environment."""
    page = getattr(request.node, "callspec", None) and request.node.callspec.params.get("page")
    if not isinstance(page, Path) or page.name not in ON_AWS:
        return
    server = request.getfixturevalue("aws_server")
    request.getfixturevalue("package_cache")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
