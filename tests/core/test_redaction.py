"""What errors repeat of secrets is taken out of them, and of all that they were raised from."""

import re

from glacier.redaction import chain_of, redact

SIGNED = re.compile(r"(sig=)\w+|()token-\w+")


class ToldTwiceError(Exception):
    """Has its text as an attribute too."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def raised() -> ToldTwiceError:
    """Return an error of three, of which one is carried by another."""
    try:
        try:
            raise OSError("GET /x?sig=canary", ValueError("key canary2"))
        except OSError as first:
            raise ToldTwiceError("token-canary is refused") from first
    except ToldTwiceError as second:
        return second


def test_redaction_reaches_every_error_of_a_chain() -> None:
    error = raised()

    redact(error, SIGNED, ["canary2", ""])

    assert [str(one.args[0]) for one in chain_of(error)] == [
        "(hidden) is refused",
        "GET /x?sig=(hidden)",
        "key (hidden)",
    ]
    assert error.message == "(hidden) is refused"


def test_chain_that_is_a_circle_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one

    assert list(chain_of(one)) == [one, other]
