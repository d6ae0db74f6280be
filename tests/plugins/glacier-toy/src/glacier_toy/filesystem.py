"""fsspec's memory filesystem, with threads and rights in mind."""

from io import BytesIO
from typing import IO, Any

from fsspec.implementations.memory import MemoryFileSystem


class ToyFileSystem(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files in the memory of this process, shared by all instances.

    Args:
        locked: Directories that can't be looked into.
    """

    protocol = "toy"
    store: dict[str, Any] = {}  # noqa: RUF012 - shared on purpose, as upstream's
    pseudo_dirs = [""]  # noqa: RUF012

    def __init__(self, locked: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._locked = locked

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        """List a directory."""
        self._check(path)
        return super().ls(path, detail=detail, **kwargs)

    def info(self, path: str, **kwargs: Any) -> Any:
        """Describe a file or a directory."""
        self._check(path)
        return super().info(path, **kwargs)

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> IO[bytes]:
        self._check(path)
        if mode == "rb":
            # Upstream hands out the stored file itself, whose position all readers share.
            return BytesIO(self.cat_file(path))
        return super()._open(path, mode=mode, **kwargs)  # type: ignore[no-any-return]

    def _check(self, path: str) -> None:
        if any(f"{path}/".startswith(f"{directory}/") for directory in self._locked):
            raise PermissionError(f"{path} is locked")
