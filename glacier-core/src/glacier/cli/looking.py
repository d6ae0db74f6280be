"""How modules are imported by commands that change nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from glacier.errors import ConfigError
from glacier.scope import LookingScope, current_scope


class CommandScope(LookingScope):
    """Lets modules look at buckets while a command imports them, and refuses every effect.

    A module that deploys when it is imported would put right what `glacier drift` is to find.

    Args:
        command: The command, such as `glacier drift`.
    """

    def __init__(self, command: str) -> None:
        self._command = command

    def refuse(self, action: str) -> NoReturn:
        """Raise the error that says where such lines belong."""
        raise ConfigError(
            f"The module would {action} while `{self._command}` imports it, which changes nothing. "
            'Do this below `if __name__ == "__main__":`, or in a function.'
        )


@contextmanager
def looking(command: str) -> Iterator[None]:
    """Have what is imported meanwhile change nothing.

    Raises:
        ConfigError: A module deploys, submits, runs or writes.
    """
    token = current_scope.set(CommandScope(command))
    try:
        yield
    finally:
        current_scope.reset(token)
