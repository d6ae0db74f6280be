"""Policies of IAM: changed as they have to be, under the eyes of others who change them too."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Conflict, PreconditionFailed

from glacier_gcp.http import send

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession

Entry = dict[str, Any]
"""A role, its members and perhaps a condition, as policies have them."""

_TRIES = 5
_VERSION = 3  # the only one that has conditions


def change_policy(
    session: "GcpSession",
    *,
    read: tuple[str, str],
    write: tuple[str, str],
    change: Callable[[list[Entry]], list[Entry]],
    key: str = "",
) -> None:
    """Change the bindings of a policy, again where somebody else has done so meanwhile.

    Args:
        session: Whose identity asks.
        read: The method and the address that give the policy.
        write: Those that take it.
        change: Returns what the bindings have to be; nothing is sent where they are that.
        key: Under which the request has the policy; empty where it is all of it.

    Raises:
        GoogleAPIError: Google refuses.
        NoAnswerError: It can't be reached.
    """
    for number in range(_TRIES):
        policy = send(session, *read).json()
        known = policy.get("bindings", [])
        wanted = change(known)
        if _comparable(wanted) == _comparable(known):
            return
        content = {**policy, "version": _VERSION, "bindings": wanted}
        try:
            send(session, *write, json={key: content} if key else content)
        except (Conflict, PreconditionFailed):
            if number == _TRIES - 1:
                raise
        else:
            return


def with_members(bindings: Iterable[Entry], role: str, members: Iterable[str]) -> list[Entry]:
    """Return bindings by which some members have a role too, without a condition."""
    wanted, found = set(members), [dict(one) for one in bindings]
    for one in found:
        if one["role"] == role and not one.get("condition"):
            one["members"] = [*one["members"], *sorted(wanted - set(one["members"]))]
            return found
    return [*found, {"role": role, "members": sorted(wanted)}] if wanted else found


def with_only(
    bindings: Iterable[Entry], member: str, roles: Iterable[str], wanted: Iterable[Entry]
) -> list[Entry]:
    """Return bindings by which a member has some roles as it is wanted, and in no other way.

    Args:
        bindings: What is known; others' part of it stays.
        member: The member.
        roles: The roles that are spoken of.
        wanted: What it is to have of them, each as a binding of its own.
    """
    found: list[Entry] = []
    for one in bindings:
        others = [other for other in one["members"] if other != member]
        if one["role"] not in roles or len(others) == len(one["members"]):
            found.append(dict(one))
        elif others:
            found.append({**one, "members": others})
    return [*found, *wanted]


def _comparable(bindings: Iterable[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    """Return who has what: Google puts equal bindings together, and orders them as it likes."""
    return {
        (one["role"], member, one.get("condition", {}).get("expression", ""))
        for one in bindings
        for member in one.get("members", ())
    }
