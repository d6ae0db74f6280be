"""The zip of a function, which lies beside a document for Terraform to hash and to upload."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from glacier.terraform.blocks import Expression, Text


@dataclass(frozen=True, slots=True)
class Package:
    """A function's zip.

    Attributes:
        function_name: The function's name.
    """

    function_name: str

    @property
    def path(self) -> str:
        """Where it lies, seen from the document."""
        return f"functions/{self.function_name}.zip"

    @property
    def source(self) -> Text:
        """Where Terraform finds it."""
        return Text((Expression("path.module"), f"/{self.path}"))

    def hashed(self, how: str) -> Expression:
        """Return a digest of it that Terraform takes.

        Args:
            how: Terraform's function for that, such as `filesha256`.
        """
        return Expression(f'{how}("${{path.module}}/{self.path}")')

    def files(self, build: Callable[[], Path]) -> Mapping[str, Callable[[Path], object]]:
        """Return what a block says of files beside the document.

        Args:
            build: Builds the zip, in a new directory that belongs to the caller.
        """
        return {self.path: lambda path: _write(build, path)}


def _write(build: Callable[[], Path], path: Path) -> None:
    made = build()
    try:
        shutil.copyfile(made, path)
    finally:
        shutil.rmtree(made.parent)
