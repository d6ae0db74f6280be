"""ID tokens of a session."""

import traceback

import pytest
from google.auth.exceptions import RefreshError

from glacier_gcp.id_tokens import IdTokens
from glacier_gcp.session import session_of
from tests.rigs.gcp.server import GcpServer


def test_answer_with_another_token_is_no_part_of_the_error(gcp_server: GcpServer) -> None:
    """Without an audience Google gives an access token, which google-auth puts into its error."""
    tokens = IdTokens(session_of(gcp_server.config()))

    with pytest.raises(RefreshError, match="No ID token in response") as caught:
        tokens.find("")

    assert caught.value.__context__ is None
    assert "access_token" not in "".join(traceback.format_exception(caught.value))
