"""Schedules that say the same on every platform: the five fields of cron, in UTC."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from glacier.config.cron import DAY, HOUR, MINUTE, MONTH, WEEKDAY, problem_of_cron
from glacier.errors import ConfigError

_FIELDS = ("minute", "hour", "day", "month", "weekday")
_KINDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
_NAME = re.compile(r"[A-Za-z]+")
_STEP_OF_ONE = re.compile(r"\w+/\d+")
_TEXT = re.compile(r"cron\((.*)\)")


@dataclass(frozen=True, slots=True)
class Cron:
    """When something happens, as `man 5 crontab` has it.

    Attributes:
        minute: 0 to 59.
        hour: 0 to 23.
        day: Of the month, 1 to 31.
        month: 1 to 12, or names of three capital letters.
        weekday: 0 to 6 from Sunday on, or names as of months.
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
        ConfigError: A field says what cron does not know. Or it says what platforms understand
            differently: steps from one number on, or longer than the whole; or both the day of the
            month and the weekday.
    """
    found = _TEXT.fullmatch(schedule.strip())
    fields = found[1].split() if found is not None else []
    if len(fields) != len(_FIELDS) or "?" in fields:
        return None
    # Not all platforms know whole names, or small letters.
    named = (_NAME.sub(lambda name: name[0][:3].upper(), one) for one in fields)
    problem = problem_of_cron(" ".join(fields), _KINDS) or _problem_of_steps(fields)
    cron = Cron(*named)
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


def _problem_of_steps(fields: Sequence[str]) -> str | None:
    """Return which steps of fields, which have no other problem, mean this here and that there."""
    for kind, text in zip(_KINDS, fields, strict=True):
        for part in text.split(","):
            whole, _, step = part.partition("/")
            if _STEP_OF_ONE.fullmatch(part):
                return (
                    f"its {kind.name} {text!r} has steps from one number on, which some platforms "
                    f"take for that number alone; say {whole}-{kind.highest}/{step}"
                )
            if step and int(step) > kind.highest - kind.lowest:
                return f"its {kind.name} {text!r} has steps that no second one fits into"
    return None
