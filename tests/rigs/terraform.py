"""Terraform itself, with the providers of a mirror on this machine."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MIRROR = "GLACIER_TERRAFORM_MIRROR"
"""The variable that names a directory with providers, laid out as Terraform's mirrors are."""

_INIT_SECONDS = 120
_COMMAND_SECONDS = 300


def missing_terraform() -> str | None:
    """Return why there is no Terraform here, or None."""
    if shutil.which("terraform") is None:
        return "terraform is not on PATH"
    return None


class TerraformError(AssertionError):
    """A command of Terraform that failed."""


@dataclass(frozen=True)
class Terraform:
    """Runs Terraform in directories; providers are found once for all of them.

    Attributes:
        home: A directory for its settings.
        mirror: Where the providers are; the registry where empty.
    """

    home: Path
    mirror: str = field(default_factory=lambda: os.environ.get(MIRROR, ""))

    def missing_provider(self, source: str, version: str) -> str | None:
        """Return why a provider can't be had, or None."""
        probe = self.home / "probe"
        probe.mkdir(parents=True, exist_ok=True)
        required = {source.rpartition("/")[2]: {"source": source, "version": version}}
        document = {"terraform": {"required_providers": required}}
        (probe / "main.tf.json").write_text(json.dumps(document))
        try:
            self.init(probe)
        except (TerraformError, subprocess.TimeoutExpired) as error:
            where = f"in {self.mirror}" if self.mirror else f"in the registry ({MIRROR} is not set)"
            said = " ".join(str(error).rpartition("Error:")[2].split())
            return f"terraform finds no {source} {where}: {said[:300]}"
        return None

    def init(self, directory: Path) -> None:
        """Prepare a directory; with the lock of an earlier one nothing is hashed again."""
        lock = self.home / ".terraform.lock.hcl"
        if lock.exists():
            shutil.copy(lock, directory)
        self._run(directory, "init", "-input=false", seconds=_INIT_SECONDS)
        made = directory / ".terraform.lock.hcl"
        if made.exists() and not lock.exists():
            shutil.copy(made, lock)

    def validate(self, directory: Path) -> None:
        """Check a configuration against its providers' schemas."""
        self._run(directory, "validate")

    def load(self, directory: Path) -> list[str]:
        """Return the providers that a directory asks for, none of which has to be at hand.

        Terraform reads the whole configuration for that, and refuses one whose blocks, addresses
        or outputs it can't read; what its providers say of arguments it doesn't know.
        """
        said = self._run(directory, "providers").stdout
        return re.findall(r"provider\[[^\]/]*/([^\]]+)\]", said)

    def check_format(self, directory: Path) -> None:
        """Fail where `terraform fmt` would change a file.

        Of Terraform's two syntaxes it formats its own, and passes over `*.tf.json`.
        """
        self._run(directory, "fmt", "-check", "-recursive")

    def apply(self, directory: Path, **environment: str) -> None:
        """Build what a directory describes."""
        self._run(directory, "apply", "-auto-approve", "-input=false", environment=environment)

    def changes(self, directory: Path, **environment: str) -> list[str]:
        """Return what another `apply` would change; empty where `plan` exits with 0."""
        result = self._run(
            directory,
            "plan",
            "-input=false",
            "-detailed-exitcode",
            "-out=changes",
            environment=environment,
            fine=(0, 2),
        )
        if result.returncode == 0:
            return []
        shown = self._run(directory, "show", "-json", "changes", environment=environment)
        plan: dict[str, Any] = json.loads(shown.stdout)
        return [text for change in plan["resource_changes"] for text in _told(change)]

    def outputs(self, directory: Path) -> dict[str, Any]:  # Any: JSON
        """Return the values of a directory's outputs."""
        found = json.loads(self._run(directory, "output", "-json").stdout)
        return {name: output["value"] for name, output in found.items()}

    def _run(
        self,
        directory: Path,
        *command: str,
        environment: dict[str, str] | None = None,
        fine: tuple[int, ...] = (0,),
        seconds: int = _COMMAND_SECONDS,
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [
                "terraform",
                command[0],
                *(() if command[0] in _BARE else ("-no-color",)),
                *command[1:],
            ],
            cwd=directory,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if result.returncode not in fine:
            raise TerraformError(f"terraform {' '.join(command)}: {result.stdout}{result.stderr}")
        return result

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its processes: nobody's account, and where the providers are."""
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("ARM_", "AWS_", "GOOGLE_", "TF_"))
        }
        return {
            **kept,
            "CHECKPOINT_DISABLE": "1",
            "GOGC": "400",  # a provider's schemas are large, and its processes brief
            "TF_CLI_CONFIG_FILE": str(self._settings()),
            "TF_IN_AUTOMATION": "1",
        }

    def _settings(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True)
        path = self.home / "terraform.rc"
        mirror = json.dumps(self.mirror)
        text = (
            f"provider_installation {{\n  filesystem_mirror {{ path = {mirror} }}\n}}\n"
            if self.mirror
            else ""
        )
        if not path.exists():  # another process may be reading it
            path.write_text(text)
        return path


_BARE = ("show", "output")


def _told(change: dict[str, Any]) -> list[str]:
    """Return a change as `address.attribute`, or as `address (action)`."""
    address, change = change["address"], change["change"]
    if change["actions"] == ["no-op"] or change["actions"] == ["read"]:
        return []
    if change["actions"] != ["update"]:
        return [f"{address} ({', '.join(change['actions'])})"]
    before, after = change["before"], change["after"]
    unknown = change.get("after_unknown") or {}
    names = {n for n in {*before, *after} if before.get(n) != after.get(n) and not unknown.get(n)}
    return sorted(
        f"{address}.{name}" for name in names | {n for n, is_new in unknown.items() if is_new}
    )
