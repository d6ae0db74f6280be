"""Writes a plugin's files."""

import errno
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from glacier.errors import ConfigError
from glacier.plugin_template.names import PluginNames, plugin_names
from glacier.whole_files import why

_SUFFIX = ".j2"
_PACKAGE = "src/package/"
"""Where the templates have what goes into the plugin's own package."""
_OTHERWISE = "Name a directory that can be written to: --directory DIR"
_NO_SPACE = "Free some space, or name a directory on another disk: --directory DIR"
_ADVICE = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _NO_SPACE)


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
    files = {target / path: text for path, text in _rendered(names).items()}
    try:
        _check_is_empty(target)
        _write(files)
    except ConfigError:  # a ValueError too
        raise
    except (OSError, ValueError) as error:  # ValueError: of a path that holds a null character
        raise ConfigError(
            f"{str(target)!r} can't be written: {why(error, target / 'README.md')}. Nothing was "
            f"left there. {_ADVICE.get(getattr(error, 'errno', None) or 0, _OTHERWISE)}.",
            directory=target,
        ) from error
    return sorted(files)


def _write(files: Mapping[Path, str]) -> None:
    """Write all files, or none: after a failure nothing is there that was not there before."""
    with ExitStack() as undo:
        for path, text in files.items():
            _make(path.parent, undo)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                undo.callback(path.unlink)
                file.write(text)
        undo.pop_all()


def _make(directory: Path, undo: ExitStack) -> None:
    if not directory.is_dir():
        _make(directory.parent, undo)
        directory.mkdir()
        undo.callback(directory.rmdir)


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
