"""What the parts of the rig share."""

from dataclasses import dataclass, field

from starlette.requests import Request

from tests.rigs.gcp.accounts import MACHINE, OWNER, Accounts
from tests.rigs.gcp.permissions import Permissions
from tests.rigs.gcp.store import Store


@dataclass(frozen=True, slots=True)
class Cloud:
    """One Google Cloud: what is stored, whom it knows, and who may do what."""

    store: Store = field(default_factory=Store)
    accounts: Accounts = field(default_factory=Accounts)
    permissions: Permissions = field(default_factory=lambda: Permissions([OWNER, MACHINE]))

    def caller(self, request: Request) -> str:
        """Return who asks; empty for an anonymous caller.

        Raises:
            ApiError: The request's token is not valid.
        """
        return self.accounts.caller(request)

    def forget(self) -> None:
        """Be as at the start; the tokens that were given out stay valid."""
        self.store.forget()
        self.accounts.forget()
        self.permissions.forget()
