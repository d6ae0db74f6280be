"""Cron expressions: what is wrong with one, whichever fields a platform's have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PART = re.compile(r"(?P<first>\*|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class CronField:
    """One of the fields: its numbers from `lowest` to `highest`, and names from `lowest` on.

    Of a name, its first three letters may stand for it, in whichever case.
    """

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    def problem_of(self, text: str) -> str | None:
        """Return what is wrong with the field's text."""
        for part in text.split(","):
            found = _PART.fullmatch(part)
            if found is None:
                return f"its {self.name} {text!r} is not a list of *, numbers, ranges and steps"
            ends = [found["first"], found["last"]] if found["last"] else [found["first"]]
            if found["first"] == "*" and found["last"]:
                return f"its {self.name} {text!r} has a range that begins with *"
            numbers = [self._number(end) for end in ends if end != "*"]
            if any(one is None or not self.lowest <= one <= self.highest for one in numbers):
                return f"its {self.name} {text!r} is not within {self.lowest} to {self.highest}"
            if numbers != sorted(numbers, key=lambda one: one or 0):
                return f"its {self.name} {text!r} runs backwards"
            if found["step"] is not None and int(found["step"]) == 0:
                return f"its {self.name} {text!r} has steps of 0"
        return None

    def numbers_of(self, text: str) -> list[int]:
        """Return the numbers that the field's text means, in order; of one with no problem."""
        meant = set[int]()
        for part in text.split(","):
            found = _PART.fullmatch(part)
            assert found is not None
            first = self.lowest if found["first"] == "*" else self._number(found["first"])
            last = self._number(found["last"]) if found["last"] else None
            assert first is not None
            if last is None:
                last = self.highest if found["first"] == "*" else first
            meant |= {*range(first, last + 1, int(found["step"] or 1))}
        return sorted(meant)

    def _number(self, text: str) -> int | None:
        if text.isdecimal():
            return int(text)
        known = (number for number, name in enumerate(self.names, self.lowest) if _is(text, name))
        return next(known, None)


def _is(text: str, name: str) -> bool:
    return text.lower() in {name, name[:3]}


_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

SECOND = CronField("second", 0, 59)
MINUTE = CronField("minute", 0, 59)
HOUR = CronField("hour", 0, 23)
DAY = CronField("day", 1, 31)
MONTH = CronField("month", 1, 12, _MONTHS)
WEEKDAY = CronField("day of the week", 0, 6, WEEKDAYS)


def problem_of_cron(text: str, fields: Sequence[CronField]) -> str | None:
    """Return what is wrong with an expression of some fields; None where nothing is."""
    parts = text.split()
    if len(parts) != len(fields):
        return f"it has {len(parts)} fields"
    problems = (one.problem_of(given) for one, given in zip(fields, parts, strict=True))
    return next(filter(None, problems), None)
