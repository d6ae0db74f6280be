"""What moto leaves out of multipart uploads.

It says of all of them that they were begun in 2010, and answers to parts of uploads that have
ended, which S3 refuses with `NoSuchUpload`, as if the server were at fault.
"""

import re
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Response

AGE_PATH = "/rig/age"
_NO_SUCH_UPLOAD = (
    "<Error><Code>NoSuchUpload</Code><Message>The specified upload does not exist. The upload ID "
    "may be invalid, or the upload may have been aborted or completed.</Message></Error>"
)


class Multipart:
    """Notes when uploads are begun and ended, and answers accordingly.

    Args:
        aws: Who does the work.
    """

    def __init__(self, aws: WSGIApplication) -> None:
        self._aws = aws
        self._begun: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if environ["PATH_INFO"] == AGE_PATH:
            self._age(timedelta(hours=float(query["hours"][0])))
            return Response(status=204)(environ, start)
        if "uploads" not in query and "uploadId" not in query:
            return self._aws(environ, start)
        method, name = environ["REQUEST_METHOD"], query.get("uploadId", [""])[0]
        if method == "PUT" and name not in self._begun:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return Response(_NO_SUCH_UPLOAD, 404, mimetype="application/xml")(environ, start)
        answer = Response.from_app(self._aws, environ, buffered=True)
        if method == "POST" and not name:
            self._note(answer.get_data(as_text=True))
        elif method in {"POST", "DELETE"} and answer.status_code < 300:
            self._begun.pop(name, None)
        elif method == "GET" and not name:
            answer.set_data(self._dated(answer.get_data(as_text=True)))
        return answer(environ, start)

    def _age(self, by: timedelta) -> None:
        """Have all uploads that there are begun earlier."""
        with self._lock:
            self._begun = {name: begun - by for name, begun in self._begun.items()}

    def _note(self, answer: str) -> None:
        with self._lock:
            for name in re.findall("<UploadId>(.+?)</UploadId>", answer):
                self._begun[name] = datetime.now(UTC)

    def _dated(self, answer: str) -> str:
        def dated(upload: re.Match[str]) -> str:
            name = re.search("<UploadId>(.+?)</UploadId>", upload[0])
            assert name is not None
            begun = self._begun.get(name[1], datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            return re.sub("(?<=<Initiated>).+?(?=</Initiated>)", begun, upload[0])

        with self._lock:
            return re.sub("<Upload>.+?</Upload>", dated, answer, flags=re.DOTALL)
