"""What is read out of an error, and what is taken out of it."""

import traceback

import pytest
from google.api_core.exceptions import Forbidden, RetryError, ServiceUnavailable
from google.auth.exceptions import RefreshError
from requests import ConnectionError as UnconnectedError

from glacier_gcp.answers import Answer, answer_of, hide_secrets, is_of_object_store

UPLOAD = "/upload/storage/v1/b/lake/o?uploadType=resumable&upload_id=CANARY-x_1"
POLARS = (
    "object-store error: Object at location a/b.parquet not found: Error performing GET "
    "http://127.0.0.1:1/lake/a%2Fb%2Eparquet in 1ms - Server returned non-2xx status code: 404 Not "
    "Found: <?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>The specified key does not "
    "exist.</Message></Error> (path: gs://lake/other.parquet)"
)


def raised(error: Exception, cause: Exception) -> Exception:
    """Return an error that was raised from another one."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "secret",
    [
        UPLOAD,
        "PUT https://storage.googleapis.com/lake/a?partNumber=1&uploadId=CANARY'",
        "https://storage.googleapis.com/lake/a?X-Goog-Signature=CANARY",
        "authorization: Bearer ya29.c.CANARY-0123456789abcdef",
        "authorization: Bearer eyJhbGciOiJSUzI1NiJ9.CANARY0123456789.sig",
        "the key CANARY-KEY is none",
    ],
)
@pytest.mark.parametrize("is_cause", [False, True], ids=["itself", "cause"])
def test_secret_is_in_no_text_of_an_error(secret: str, *, is_cause: bool) -> None:
    kinds = (UnconnectedError(secret), Forbidden(secret), RefreshError(secret, {"error": "x"}))
    for one in kinds:
        error = raised(ValueError("no"), one) if is_cause else one

        hide_secrets(error, ["CANARY-KEY", ""])

        shown = "".join(traceback.format_exception(error))
        assert "CANARY" not in shown
        assert "(hidden)" in shown


def test_secret_of_an_error_that_another_one_carries_is_hidden() -> None:
    carried = UnconnectedError(f"Max retries exceeded with url: {UPLOAD}")

    hide_secrets(RetryError("Timeout of 30s exceeded", carried))

    assert str(carried).endswith("upload_id=(hidden)")


def test_answer_of_a_client_has_googles_reason() -> None:
    error = Forbidden("GET http://127.0.0.1/b: denied.", errors=[{"reason": "forbidden"}])

    answer = answer_of(error)

    assert answer == Answer(403, "forbidden", "denied.")
    assert answer.told == "forbidden: denied"


def test_answer_after_many_tries_is_the_last_one() -> None:
    error = RetryError("Timeout", ServiceUnavailable("busy"))

    assert answer_of(error) == Answer(503, "", "busy")


def test_answer_within_the_text_of_polars_names_the_object() -> None:
    answer = answer_of(FileNotFoundError(POLARS))

    assert answer == Answer(
        404, "NoSuchKey", "The specified key does not exist.", "gs://lake/a/b.parquet"
    )
    assert is_of_object_store(OSError(POLARS))


def test_answer_within_the_text_of_deltalake_is_found_across_its_lines() -> None:
    text = POLARS.replace(" code: 404", " \x1b[31m↳ code:\n  404")

    answer = answer_of(OSError(text))

    assert answer is not None
    assert (answer.status, answer.code) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("Forbidden: b/lake/o\ndenied"), Answer(403, "", "denied")),
        (ValueError("Bad Request: b/lake/o\ninvalid"), Answer(400, "", "invalid")),
        (FileNotFoundError("b/lake/o/rows.parquet"), None),
    ],
)
def test_answer_of_gcsfs_is_read_from_its_message(
    error: Exception, expected: Answer | None
) -> None:
    assert answer_of(error) == expected


def test_listing_of_gcsfs_that_finds_nothing_is_a_missing_bucket() -> None:
    answer = answer_of(FileNotFoundError("b/lake/o"))

    assert answer is not None
    assert (answer.is_bucket_missing, answer.place) == (True, "gs://lake/")


@pytest.mark.parametrize("error", [KeyError("x"), OSError("disk full"), ValueError("no")])
def test_error_of_others_tells_of_no_answer(error: Exception) -> None:
    assert answer_of(error) is None
    assert not is_of_object_store(error)
