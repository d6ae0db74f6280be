"""Schedules that say the same on every platform: the five fields of cron, in UTC."""

import re
from dataclasses import dataclass

from glacier.config.cron import DAY, HOUR, MINUTE, MONTH, WEEKDAY, problem_of_cron
from glacier.errors import ConfigError

_FIELDS = ("minute", "hour", "day", "month", "weekday")
_TEXT = re.compile(r"cron\((.*)\)")


@dataclass(frozen=True, slots=True)
class Cron:
    """When something happens, as `man 5 crontab` has it.

    Attributes:
        minute: 0 to 59.
        hour: 0 to 23.
        day: Of the month, 1 to 31.
        month: 1 to 12, or names.
        weekday: 0 to 6 from Sunday on, or names.
    """

    minute: str
    hour: str
    day: str
    month: str
    weekday: str

    def __str__(self) -> str:
        return " ".join((self.minute, self.hour, self.day, self.month, self.weekday))


def cron_in(schedule: str) -> Cron | None:
    """Return what `cron(0 6 * * MON)` says; None for what is a platform's own.

    Raises:
        ConfigError: A field says what cron does not know; or both the day of the month and the
            weekday are set: cron takes either, and some platforms both.
    """
    found = _TEXT.fullmatch(schedule.strip())
    fields = found[1].split() if found is not None else []
    if len(fields) != len(_FIELDS) or "?" in fields:
        return None
    cron = Cron(*fields)
    problem = problem_of_cron(str(cron), (MINUTE, HOUR, DAY, MONTH, WEEKDAY))
    if problem is not None:
        raise ConfigError(
            f"The schedule {schedule!r} is none: {problem}. Write the five fields of cron: "
            f"{', '.join(_FIELDS)}."
        )
    if cron.day != "*" and cron.weekday != "*":
        raise ConfigError(
            f"The schedule {schedule!r} sets both the day of the month and the weekday, which "
            "platforms understand differently. Set one of them, and the other to *."
        )
    return cron
