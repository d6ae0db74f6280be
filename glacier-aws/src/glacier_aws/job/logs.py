"""What runs of Glue jobs print, which Glue puts into CloudWatch.

What a run prints is in the group `.../output`, in a stream named after the run; before Glue 5.0
its standard error is in `.../error`, where later ones put what Spark itself says.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glacier.adapters import LogChunk, unknown_cursor
from glacier_aws.errors import code_of
from glacier_aws.job.errors import FAILURES

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LONGEST_TEXT = 16 * 1024 * 1024
"""How many characters of a log are returned at most; of a longer one, its end."""

_EMPTY_PAGES = 20
_CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RunLogs:
    """The log of one run.

    Attributes:
        client: The client of CloudWatch.
        groups: The groups that it writes to.
        run_id: The run, which names its streams.
        closing: What Glue itself says of the run's end; empty as long as it goes on.
        is_ended: Whether the run has ended.
    """

    client: "CloudWatchLogsClient"
    groups: Sequence[str]
    run_id: str
    closing: str
    is_ended: bool

    def read_all(self) -> str:
        """Return what was printed so far, without the beginning where that is too much."""
        events: list[tuple[int, str]] = []
        for group in self.groups:
            for stream in self._streams(group):
                events += self._last(group, stream)
        text = _joined(events) + self.closing
        if len(text) <= LONGEST_TEXT:
            return text
        return f"[... the beginning is left out ...]\n{text[-LONGEST_TEXT:]}"

    def read_piece(self, cursor: str) -> LogChunk:
        """Return what was printed since a cursor, a page of every stream at most.

        Raises:
            JobError: The cursor is none.
        """
        positions = _positions(cursor)
        events: list[tuple[int, str]] = []
        for group in self.groups:
            for stream in self._streams(group):
                place = f"{group}:{stream}"
                found, token = self._next(group, stream, positions.get(place))
                events += found
                positions[place] = token
        text = _joined(events)
        if not text and self.is_ended and _CLOSED not in positions:
            text, positions[_CLOSED] = self.closing, ""
        return LogChunk(text, json.dumps(positions))

    def _streams(self, group: str) -> list[str]:
        """Return the streams of the run's driver; executors have streams of their own."""
        try:
            answer = self.client.describe_log_streams(
                logGroupName=group, logStreamNamePrefix=self.run_id
            )
        except FAILURES as error:
            if code_of(error) == "ResourceNotFoundException":  # nothing was ever printed
                return []
            raise
        names = {self.run_id, f"{self.run_id}-driver"}
        found = (stream["logStreamName"] for stream in answer["logStreams"])
        return [name for name in found if name in names]

    def _next(
        self, group: str, stream: str, token: str | None
    ) -> tuple[list[tuple[int, str]], str]:
        """Return the events of the next page that has some, and where the one after it begins."""
        events: list[tuple[int, str]] = []
        for _ in range(_EMPTY_PAGES):
            page = self._page(group, stream, token, is_forward=True)
            events = _events(page)
            is_end = page["nextForwardToken"] == token
            token = page["nextForwardToken"]
            if events or is_end:
                break
        return events, token or ""

    def _last(self, group: str, stream: str) -> list[tuple[int, str]]:
        """Return a stream's last events, not many more than there is room for."""
        pages: list[list[tuple[int, str]]] = []
        token, length = None, 0
        while length <= LONGEST_TEXT:
            page = self._page(group, stream, token, is_forward=False)
            pages.append(_events(page))
            length += sum(len(text) for _, text in pages[-1])
            if page["nextBackwardToken"] == token:
                break
            token = page["nextBackwardToken"]
        return [event for page in reversed(pages) for event in page]

    def _page(self, group: str, stream: str, token: str | None, *, is_forward: bool) -> Any:
        position: dict[str, Any] = {} if token is None else {"nextToken": token}
        return self.client.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=is_forward, **position
        )


def _events(page: Mapping[str, Any]) -> list[tuple[int, str]]:
    return [(event["timestamp"], event["message"]) for event in page["events"]]


def _joined(events: list[tuple[int, str]]) -> str:
    """Return the events' lines in the order of time; those of one moment as they came."""
    ordered = sorted(events, key=lambda event: event[0])
    return "".join(text if text.endswith("\n") else f"{text}\n" for _, text in ordered)


def _positions(cursor: str) -> dict[str, str]:
    if not cursor:
        return {}
    try:
        found = json.loads(cursor)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise unknown_cursor(cursor)
    return found
