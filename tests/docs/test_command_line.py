"""Every command and every option of `glacier` is documented, and no other."""

import re

import pytest
import typer.main

from glacier.cli.app import app
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_group(app).commands


def section(command: str) -> str:
    """Return what the page says of a command."""
    found = re.search(rf"^## glacier {command}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/reference/command-line.md has no section 'glacier {command}'"
    return found[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_a_command_are_documented(command: str) -> None:
    options = {
        name
        for parameter in COMMANDS[command].params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    }

    documented = set(re.findall(r"`(--?[a-z][a-z-]*)", section(command)))

    assert documented == options - {"--help", "-h"}


def test_documented_commands_exist() -> None:
    documented = re.findall(r"^## glacier ([\w-]+)$", PAGE, re.MULTILINE)

    assert sorted(documented) == sorted(COMMANDS)
