"""What a serverless function's handler needs beside its platform's own Python."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from typing import TYPE_CHECKING

from glacier.errors import FunctionError, MissingPackageError, PackageError
from glacier.jobs.archive import GlacierSources, glacier_sources
from glacier.jobs.pins import name_in, normal_name, pins, pins_below
from glacier.jobs.sources import is_within, sources_of
from glacier.known_secrets import check_no_secret, known_secrets
from glacier.resources.handler import handler_path

if TYPE_CHECKING:
    from glacier.resources import Serverless

_CONFIGS = "glacier.config."


@dataclass(frozen=True, slots=True)
class HandlerCode:
    """The part of a function's archive that is the same on every platform.

    Attributes:
        path: The handler as `module:function`.
        files: The project's sources and small data files by their paths in the archive; those of
            Glacier and its plugins too, where the handler imports it.
        imported: Pins of the distributions that the project's sources import.
        glacier: Pins of what Glacier and the plugins in use need; empty without Glacier.
    """

    path: str
    files: Mapping[str, bytes]
    imported: tuple[str, ...] = ()
    glacier: tuple[str, ...] = ()

    def requirements(
        self, packages: Iterable[str], provided: Iterable[str] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what an installer has to bring, and constraints on what that needs in turn.

        Both have this machine's versions, but for what the user names.

        Args:
            packages: Requirements of the user's, which come as they say and win over pins.
            provided: Distributions that the platform has by itself, for what the handler imports;
                what Glacier needs is brought all the same, since its parts have to fit together.
        """
        named = {normal_name(name_in(line)) for line in packages}
        taken = {*named, *provided}
        found = {*self.glacier, *(pin for pin in self.imported if name_in(pin) not in taken)}
        pinned = sorted(pin for pin in found if normal_name(name_in(pin)) not in named)
        below = tuple(pin for pin in pins_below(pinned) if name_in(pin) not in named)
        return (*pinned, *packages), below


def handler_code(function: "Serverless") -> HandlerCode:
    """Return a handler's module, or the whole package that it is part of, and what they import.

    Raises:
        FunctionError: The handler has no module with a source file, or a file holds a secret.
    """
    name = function.function_name
    path = handler_path(name, function.handler)
    module = path.partition(":")[0]
    glacier = glacier_sources()
    try:
        sources = sources_of({module}, functions={module}, apart=glacier.packages)
        files = {name: file.read_bytes() for name, file in sources.files.items()}
        _refuse_secrets(name, files)
    except PackageError as error:
        raise FunctionError(
            f"The function {name!r} can't be packaged: {error}", function_name=name
        ) from error
    imported = pins(sources.installed, base=())
    if not sources.apart:
        return HandlerCode(path, files, imported)
    plugins = _plugins_in_use(sources.apart, type(function.provider.config).__module__, glacier)
    return HandlerCode(path, {**glacier.files, **files}, imported, pins((), plugins=plugins))


def requirement_files(
    function: "Serverless", code: HandlerCode, packages: Iterable[str], libraries: Iterable[str]
) -> dict[str, bytes]:
    """Return what a platform hands to pip: what the sources import, and what the user names.

    The rest of what these need has this machine's versions too, by constraints.

    Args:
        function: The function.
        code: Its handler's code.
        packages: Requirements of the user's.
        libraries: What the platform itself needs, where the user asks for no other version.

    Raises:
        FunctionError: A requirement holds a secret.
    """
    wanted, constraints = code.requirements(packages)
    refuse_secrets(function, "packages=", "\n".join(wanted).encode())
    known = {normal_name(name_in(line)) for line in wanted}
    lines = [*wanted, *(line for line in libraries if normal_name(name_in(line)) not in known)]
    if not constraints:
        return {"requirements.txt": _text(lines)}
    return {
        "requirements.txt": _text(["-c constraints.txt", *lines]),
        "constraints.txt": _text(constraints),
    }


def refuse_secrets(function: "Serverless", what: str, data: bytes) -> None:
    """Refuse what holds a secret.

    Raises:
        FunctionError: It does; the error names the config's field, never the value.
    """
    name = function.function_name
    try:
        check_no_secret(f"The {what} of the function {name!r}", data)
    except PackageError as error:
        raise FunctionError(str(error), function_name=name) from error


def _plugins_in_use(
    imported: Iterable[str], platform: str, glacier: GlacierSources
) -> list[Distribution]:
    """Return the plugins that a handler names, by their packages or configs, and its platform's."""
    names = {*imported, platform, *_modules_of_configs(imported)}
    return [
        origin
        for package, origin in glacier.packages.items()
        if package != "glacier" and any(is_within(name, [package]) for name in names)
    ]


def _modules_of_configs(imported: Iterable[str]) -> Iterator[str]:
    """Yield where configs are defined that are imported from `glacier.config`."""
    from glacier import config

    for name in imported:
        if name.startswith(_CONFIGS):
            try:
                found = getattr(config, name.removeprefix(_CONFIGS))
            except (AttributeError, MissingPackageError):
                continue  # a module, or what the handler does without
            yield str(getattr(found, "__module__", ""))


def _refuse_secrets(function_name: str, files: Mapping[str, bytes]) -> None:
    secrets = known_secrets()
    for path, data in files.items():
        check_no_secret(f"The file {path} of the function {function_name!r}", data, secrets)


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
