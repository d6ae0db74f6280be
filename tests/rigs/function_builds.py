"""A platform's build of a function: unpacks its zip and installs its requirements."""

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from packaging.requirements import Requirement

from tests.rigs.python_image import InstallError, make_image


class BuildError(Exception):
    """What the installer says."""


def unpack(package: bytes, directory: Path) -> None:
    """Unpack a zip into a new directory."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(directory)


def install(app: Path, images: Path) -> Path:
    """Return a directory with what a function's `requirements.txt` asks for, kept for the next one.

    What this environment has is linked to; the rest is installed by uv from files that are named.

    Raises:
        BuildError: A requirement can't be met.
    """
    file = app / "requirements.txt"
    text = file.read_text() if file.exists() else ""
    image = images / hashlib.sha256(text.encode()).hexdigest()
    if image.exists():
        return image
    images.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=images))
    lines = [line for line in text.splitlines() if line and not line.startswith("-c ")]
    here = [line for line in lines if Requirement(line).url is None]
    elsewhere = [line for line in lines if line not in here]
    if elsewhere:
        _install_by_uv(elsewhere, draft)
    try:
        make_image(draft, here)
    except InstallError as error:
        raise BuildError(f"ERROR: {error}") from error
    if not image.exists():  # by another build meanwhile
        draft.rename(image)
    return image


def _install_by_uv(requirements: list[str], directory: Path) -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--no-index", "--quiet"]
    done = subprocess.run(
        [*command, "--python", sys.executable, "--target", str(directory), *requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(done.stderr)
