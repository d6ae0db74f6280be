"""Policies of IAM: changed as they have to be, while others change them too."""

from collections.abc import Iterator

import pytest
from google.api_core.exceptions import PreconditionFailed

from glacier import Provider
from glacier_gcp.http import send
from glacier_gcp.policies import Entry, change_policy, with_members, with_only
from glacier_gcp.session import session_of
from tests.glacier_gcp.functions import answered
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy

VIEWER, USER = "roles/storage.objectViewer", "roles/storage.objectUser"
ME, OTHER = "serviceAccount:me@p.iam.gserviceaccount.com", "user:other@example.com"
LIMITED = {"title": "t", "expression": 'resource.name == "x"'}


def entry(role: str, *members: str, condition: dict[str, str] | None = None) -> Entry:
    found: Entry = {"role": role, "members": list(members)}
    return found if condition is None else {**found, "condition": condition}


def test_member_joins_those_who_have_a_role() -> None:
    known = [entry(VIEWER, OTHER), entry(USER, OTHER)]

    found = with_members(known, VIEWER, [ME, OTHER])

    assert found == [entry(VIEWER, OTHER, ME), entry(USER, OTHER)]
    assert known[0] == entry(VIEWER, OTHER)


def test_member_does_not_join_a_role_with_a_condition() -> None:
    known = [entry(VIEWER, OTHER, condition=LIMITED)]

    assert with_members(known, VIEWER, [ME]) == [*known, entry(VIEWER, ME)]


def test_member_loses_what_is_not_wanted_any_more_and_others_do_not() -> None:
    known = [
        entry(VIEWER, ME, OTHER),
        entry(USER, ME, condition=LIMITED),
        entry("roles/storage.admin", ME),
    ]

    found = with_only(known, ME, (VIEWER, USER), [entry(USER, ME)])

    assert found == [entry(VIEWER, OTHER), entry("roles/storage.admin", ME), entry(USER, ME)]


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    """The rig behind a proxy, with a bucket."""
    Provider(gcp_server.config()).bucket("policies").deploy()
    with Proxy(gcp_server.endpoint) as made:
        yield made


def change(server: GcpServer, proxy: Proxy) -> None:
    """Give somebody a role on the bucket."""
    place = f"{proxy.endpoint}/storage/v1/b/policies/iam"
    change_policy(
        session_of(server.config(endpoint=proxy.endpoint)),
        read=("GET", f"{place}?optionsRequestedPolicyVersion=3"),
        write=("PUT", place),
        change=lambda known: with_members(known, VIEWER, [ME]),
    )


def test_policy_that_somebody_else_changes_meanwhile_is_read_again(
    gcp_server: GcpServer, proxy: Proxy
) -> None:
    proxy.on(answered(412, "conditionNotMet"), method="PUT", times=2)

    change(gcp_server, proxy)

    place = f"{gcp_server.endpoint}/storage/v1/b/policies/iam"
    bindings = send(session_of(gcp_server.config()), "GET", place).json()["bindings"]
    asked = [one.method for one in proxy.requests if one.path.endswith("/iam")]
    assert entry(VIEWER, ME) in bindings
    assert asked == ["GET", "PUT"] * 3


def test_policy_that_is_as_it_has_to_be_is_not_sent(gcp_server: GcpServer, proxy: Proxy) -> None:
    change(gcp_server, proxy)
    proxy.clear()

    change(gcp_server, proxy)

    assert [one.method for one in proxy.requests] == ["GET"]


def test_policy_that_others_never_leave_alone_is_given_up(
    gcp_server: GcpServer, proxy: Proxy
) -> None:
    place = f"{gcp_server.endpoint}/storage/v1/b/policies/iam"
    session = session_of(gcp_server.config())
    known = send(session, "GET", place).json()
    send(session, "PUT", place, json={**known, "bindings": []})
    proxy.on(answered(412, "conditionNotMet"), method="PUT")

    with pytest.raises(PreconditionFailed):
        change(gcp_server, proxy)
