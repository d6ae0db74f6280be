"""Service accounts that are made for functions and jobs, and what they may do with buckets."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import quote

from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound

from glacier.errors import GlacierError, ObjectNotFoundError
from glacier.pauses import pauses
from glacier_gcp.answers import answer_of
from glacier_gcp.http import send
from glacier_gcp.iam import USER, VIEWER, account_email
from glacier_gcp.policies import change_policy, with_only
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from glacier_gcp.config import GcpConfig
    from glacier_gcp.iam import Binding
    from glacier_gcp.policies import Entry
    from glacier_gcp.session import GcpSession

T = TypeVar("T")

IAM_ENDPOINT = "https://iam.googleapis.com"

OWN_DESCRIPTION = "Made by deploy() of Glacier."
"""The description of the accounts whose rights `deploy()` looks after. Those that Terraform makes
under the same ids have another one: it knows more of what is needed."""

KNOWN_SECONDS = 120.0
"""How long is waited for a new account to be known everywhere:
https://cloud.google.com/iam/docs/access-change-propagation"""


class Account:
    """A service account.

    Attributes:
        email: Its e-mail address.
        is_new: Whether it has just been made, so that not all of Google may know it.
        is_own: Whether its rights are Glacier's to give.
    """

    def __init__(self, email: str, *, is_new: bool = False, is_own: bool = False) -> None:
        self.email = email
        self.is_new = is_new
        self.is_own = is_own

    @property
    def member(self) -> str:
        """What policies call it."""
        return f"serviceAccount:{self.email}"

    def once_known(self, ask: Callable[[], T]) -> T:
        """Return what Google answers, asked again while it does not know a new account.

        Raises:
            GoogleAPICallError: It refuses.
            GlacierError: What it has begun has failed.
        """
        for since in pauses(KNOWN_SECONDS):
            try:
                return ask()
            except (BadRequest, Forbidden, NotFound, GlacierError) as error:
                is_over = not self.is_new or since >= KNOWN_SECONDS
                if is_over or not self._is_unknown(str(error)):
                    raise
        return ask()

    def _is_unknown(self, text: str) -> bool:
        said = text.lower()
        is_of_it = self.email.lower() in said or "service account" in said
        return is_of_it and any(sign in said for sign in ("not exist", "not found", "not be found"))


def ensure_account(session: "GcpSession", account_id: str, purpose: str) -> Account:
    """Return a service account of the session's project, made where it is missing.

    Args:
        session: Who makes it.
        account_id: The part of its e-mail address before the `@`.
        purpose: What it is for, as consoles show it.

    Raises:
        GoogleAPIError: Google refuses.
        NoAnswerError: It can't be reached.
    """
    project = session.config.project
    place = f"{session.endpoint or IAM_ENDPOINT}/v1/projects/{quote(project)}/serviceAccounts"
    email = account_email(account_id, project)
    try:
        return _found(session, f"{place}/{email}", email)
    except NotFound:
        fields = {"displayName": purpose, "description": OWN_DESCRIPTION}
        request = {"accountId": account_id, "serviceAccount": fields}
    try:
        send(session, "POST", place, json=request)
    except Conflict:  # by another process just now, or by a request whose answer was lost
        return _found(session, f"{place}/{email}", email)
    return Account(email, is_new=True, is_own=True)


def ensure_bucket_roles(account: Account, bindings: "Iterable[Binding]") -> None:
    """Have an account's rights on some buckets be these and no others.

    Raises:
        ObjectNotFoundError: A bucket is missing.
        GoogleAPIError: Google refuses.
        NoAnswerError: It can't be reached.
    """
    by_bucket: dict[str, list[Binding]] = {}
    for one in bindings:
        by_bucket.setdefault(one.bucket.bucket_name, []).append(one)
    for name, wanted in by_bucket.items():
        try:
            account.once_known(partial(_settle_bucket, account, name, wanted))
        except NotFound as error:
            answer = answer_of(error)
            if answer is None or not answer.is_bucket_missing:
                raise
            raise ObjectNotFoundError(
                f"The bucket {name!r}, to which {account.email} needs rights, does not exist. "
                "Create it first with bucket.deploy() or Terraform, or correct its name.",
                uri=f"gs://{name}/",
            ) from error


def _settle_bucket(account: Account, name: str, wanted: "list[Binding]") -> None:
    session = session_of(cast("GcpConfig", wanted[0].bucket.provider.config))
    place = f"{session.storage_endpoint}/storage/v1/b/{quote(name)}/iam"
    entries = [_entry(account, one) for one in wanted]
    change_policy(
        session,
        read=("GET", f"{place}?optionsRequestedPolicyVersion=3"),
        write=("PUT", place),
        change=lambda known: with_only(known, account.member, (USER, VIEWER), entries),
    )


def _found(session: "GcpSession", place: str, email: str) -> Account:
    found = send(session, "GET", place).json()
    return Account(email, is_own=found.get("description") == OWN_DESCRIPTION)


def _entry(account: Account, wanted: "Binding") -> "Entry":
    entry: Entry = {"role": wanted.role, "members": [account.member]}
    if wanted.condition:
        entry["condition"] = {"title": wanted.title, "expression": wanted.condition}
    return entry
