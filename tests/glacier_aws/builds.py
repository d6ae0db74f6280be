"""Accounts in which Terraform builds something, all at the same time.

Its provider of AWS spends most of an `apply` waiting, 55 s of it for a bucket's lifecycle rules, so
several take hardly longer than one.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.rigs.aws.server import ACCESS_KEY, SECRET_KEY, AwsServer
from tests.rigs.terraform import Terraform

KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def set_environment(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Set variables."""
    for name, value in environment.items():
        patch.setenv(name, value)


@dataclass(frozen=True, slots=True)
class Description:
    """What a user describes in code.

    Attributes:
        make: Returns the user's objects for an account, with their provider as `provider`; with
            `document` where something else than `provider.terraform()` is to be built.
        is_ambient: Whether the environment alone leads to the account; else the configs do.
    """

    make: Callable[[AwsServer], Any]
    is_ambient: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """What was described, and now is there.

    Attributes:
        account: The account, with nothing else in it.
        code: The user's objects.
        environment: The variables with which it was built.
    """

    account: AwsServer
    code: Any
    environment: Mapping[str, str]
    _terraform: Terraform
    _directory: Path

    def changes(self) -> list[str]:
        """Return what another `apply` would change."""
        return self._terraform.changes(self._directory, **self.environment)


class Builds:
    """All that is built; a context manager.

    Args:
        terraform: Who builds.
        home: A directory for accounts and configurations.
    """

    def __init__(self, terraform: Terraform, home: Path) -> None:
        self._terraform = terraform
        self._home = home
        self._begun: dict[str, Future[Built]] = {}
        self._stack = ExitStack()
        self._pool = self._stack.enter_context(ThreadPoolExecutor())

    def begin(self, descriptions: Mapping[str, Description]) -> None:
        """Begin to build in as many new accounts; does nothing when called again."""
        for name in descriptions.keys() - self._begun.keys():
            directory = self._home / name
            (directory / "account").mkdir(parents=True)
            account = self._stack.enter_context(AwsServer(directory / "account"))
            description, main = descriptions[name], directory / "main"
            with pytest.MonkeyPatch.context() as patch:
                if description.is_ambient:
                    set_environment(patch, account.environment)
                code = description.make(account)
                document = getattr(code, "document", None) or code.provider.terraform()
                document.write(main)
            environment = account.environment if description.is_ambient else KEYS
            built = Built(account, code, environment, self._terraform, main)
            self._begun[name] = self._pool.submit(self._build, built, main)

    def built(self, name: str) -> Built:
        """Wait for what was begun, or raise what it has raised."""
        return self._begun[name].result()

    def _build(self, built: Built, directory: Path) -> Built:
        self._terraform.check_format(directory)
        self._terraform.init(directory)
        self._terraform.apply(directory, **built.environment)
        for path in directory.glob("*.tf.json"):
            assert SECRET_KEY not in path.read_text()
        return built

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._stack.close()
