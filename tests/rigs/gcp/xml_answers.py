"""What the XML API of Cloud Storage answers with."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from starlette.responses import Response

from tests.rigs.gcp.answers import ApiError

NAMESPACE = "http://doc.s3.amazonaws.com/2006-03-01"
HEAD = "<?xml version='1.0' encoding='UTF-8'?>"

Fields = Mapping[str, "str | int | Fields | Sequence[Fields]"]


def xml_answer(root: str, fields: Fields, status: int = 200) -> Response:
    """Return an answer with XML; a list becomes one element for each of its members."""
    text = f"{HEAD}<{root} xmlns='{NAMESPACE}'>{_elements(fields)}</{root}>"
    return Response(text.encode(), status, media_type="application/xml; charset=UTF-8")


def xml_error(error: ApiError, *, has_body: bool = True) -> Response:
    """Return an error as the XML API tells it; an answer to HEAD has no body."""
    status = 403 if error.code == "AccessDenied" else error.status
    if status == 304 or not has_body:
        return Response(status_code=status, headers={"content-type": "application/xml"})
    fields: dict[str, str] = {"Code": error.code, "Message": error.message}
    if error.details:
        general = {
            "AccessDenied": "Access denied.",
            "NoSuchKey": "The specified key does not exist.",
        }
        fields |= {
            "Message": general.get(error.code, error.message),
            "Details": error.details,
        }
    text = f"{HEAD}<Error>{_elements(fields)}</Error>"
    return Response(text.encode(), status, media_type="application/xml; charset=UTF-8")


def _elements(fields: Fields) -> str:
    found = []
    for name, value in fields.items():
        if isinstance(value, str | int):
            found.append(f"<{name}>{escape(str(value))}</{name}>")
        else:
            many = [value] if isinstance(value, Mapping) else value
            found += [f"<{name}>{_elements(one)}</{name}>" for one in many]
    return "".join(found)
