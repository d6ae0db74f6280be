"""Writes a plugin's files."""

from importlib.metadata import version
from pathlib import Path

from glacier.errors import ConfigError
from glacier.plugin_template.names import PluginNames, plugin_names

_SUFFIX = ".j2"
_PACKAGE = "src/package/"
"""Where the templates have what goes into the plugin's own package."""


def write_plugin(name: str, directory: Path | None = None) -> list[Path]:
    """Write a distribution with a plugin that works, and return its files, sorted.

    Args:
        name: The plugin's name, with or without `glacier-` before it.
        directory: Where to write; made where it is missing. `glacier-` and the name, in the
            working directory, where None.

    Raises:
        ConfigError: The name can't be used, or the directory holds something or can't be written.
    """
    names = plugin_names(name)
    target = Path(names.distribution) if directory is None else directory
    _check_is_empty(target)
    files = {target / path: text for path, text in _rendered(names).items()}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise ConfigError(
            f"{str(target)!r} can't be written: {error}. Name another directory: --directory DIR.",
            directory=target,
        ) from error
    return sorted(files)


def _check_is_empty(directory: Path) -> None:
    if directory.is_dir():
        found = sorted(path.name for path in directory.iterdir())
        if not found:
            return
        holds = f"a directory that holds {', '.join(found[:3])}{', ...' if found[3:] else ''}"
    elif directory.exists() or directory.is_symlink():
        holds = "no directory"
    else:
        return
    raise ConfigError(
        f"{str(directory)!r} is {holds}, and a new plugin is written into nothing that is there. "
        "Name an empty directory, or one that is to be made: --directory DIR.",
        directory=directory,
    )


def _rendered(names: PluginNames) -> dict[str, str]:
    """Return the text of every file by its path."""
    # Only here: nothing else needs it.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("glacier.plugin_template", "files"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python and Markdown, no HTML
    )
    return {
        _path(template, names): environment.get_template(template).render(
            names=names, glacier_version=version("glacier-core")
        )
        for template in environment.list_templates(extensions=[_SUFFIX.removeprefix(".")])
    }


def _path(template: str, names: PluginNames) -> str:
    return template.removesuffix(_SUFFIX).replace(_PACKAGE, f"src/{names.module}/")
