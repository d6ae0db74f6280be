"""Bodies of several parts: `multipart/related` uploads and `multipart/mixed` batches."""

import json
import re
from typing import Any

from tests.rigs.gcp.answers import ApiError

BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|'([^']+)'|([^;\s]+))""")


def boundary_in(content_type: str) -> bytes:
    """Return what parts are separated by.

    Raises:
        ApiError: The header doesn't say.
    """
    match = BOUNDARY.search(content_type)
    if match is None:
        raise ApiError(400, "badContent", "Missing multipart boundary in Content-Type.")
    return next(one for one in match.groups() if one).encode()


def related_parts(body: bytes, content_type: str) -> tuple[dict[str, Any], bytes]:
    """Return the resource and the media of an upload.

    Lines may end with a lone newline, as gcsfs writes them.

    Raises:
        ApiError: The body isn't made of these two.
    """
    delimiter = b"--" + boundary_in(content_type)
    start = body.find(delimiter) + len(delimiter)
    newline = b"\r\n" if body[start : start + 2] == b"\r\n" else b"\n"
    middle = body.find(newline + delimiter, start)
    end = body.rfind(newline + delimiter + b"--")
    if start < len(delimiter) or middle < 0 or end <= middle:
        raise ApiError(400, "badContent", "Malformed multipart body.")
    _, _, resource = body[start:middle].partition(newline * 2)
    head_end = body.find(newline * 2, middle) + 2 * len(newline)
    fields: dict[str, Any] = json.loads(resource)
    head = body[middle + len(newline) + len(delimiter) : head_end].decode("latin-1")
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "content-type":
            fields.setdefault("contentType", value.strip())
    return fields, body[head_end:end]


def mixed_parts(body: bytes, content_type: str) -> list[tuple[str, bytes]]:
    """Return the `Content-ID` and the content of each part of a batch."""
    delimiter = b"--" + boundary_in(content_type)
    found = []
    for part in body.replace(b"\r\n", b"\n").split(delimiter)[1:]:
        if part.startswith(b"--"):
            break
        head, _, content = part.strip(b"\n").partition(b"\n\n")
        match = re.search(rb"(?im)^content-id:\s*<?([^>\n]*)>?", head)
        found.append((match[1].decode() if match else "", content))
    return found
