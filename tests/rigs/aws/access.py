"""What moto leaves out of S3's access: keys that a bucket refuses, and who has to own a bucket."""

import io
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.s3.models import s3_backends

from tests.rigs.aws.app import Answer, access_key_of, read_body

DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
)


class BucketAccess:
    """Answers 403 to a locked key, and to whoever expects another owner than a bucket has."""

    def __init__(self) -> None:
        self._locks: set[tuple[str, str]] = set()

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Answer | None:
        path = environ["PATH_INFO"]
        if path == "/rig/locks":
            return self._locked(environ, start)
        bucket_name = path.lstrip("/").partition("/")[0]
        expected = environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER")
        is_foreign = expected is not None and expected != _owner(bucket_name)
        if is_foreign or (bucket_name, access_key_of(environ)) in self._locks:
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else DENIED]
        return None

    def _locked(self, environ: WSGIEnvironment, start: StartResponse) -> Answer:
        query = parse_qs(environ["QUERY_STRING"])
        self._locks.add((query["bucket"][0], query["access_key"][0]))
        start("204 No Content", [])
        return []


def _owner(bucket_name: str) -> str | None:
    """Return the account that owns a bucket; None where there is no such bucket."""
    for account, backends in s3_backends.items():
        for backend in backends.values():
            if bucket_name in backend.buckets:
                return str(account)
    return None


class BriefRoles:
    """Has the credentials of the role `brief` expire soon: of STS itself they live 15 minutes."""

    seconds = 2

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Answer | None:
        if environ["PATH_INFO"] != "/" or environ["REQUEST_METHOD"] != "POST":
            return None
        body = read_body(environ)
        if b"Action=AssumeRole&" in body and b"role%2Fbrief" in body:
            body += f"&DurationSeconds={self.seconds}".encode()
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return None
