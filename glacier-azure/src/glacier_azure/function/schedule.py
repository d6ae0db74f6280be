"""Schedules as Azure Functions has them: NCRONTAB expressions, with seconds.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

import re

from glacier.config.cron import DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY, problem_of_cron

_SETTING = re.compile(r"%\w+%")
_FIELDS = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)


def problem_of_schedule(text: str) -> str | None:
    """Return what is wrong with a schedule; None for one that Azure takes."""
    return None if _SETTING.fullmatch(text) else problem_of_cron(text, _FIELDS)
