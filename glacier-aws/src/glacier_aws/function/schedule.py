"""The schedule of a Lambda function: a rule of EventBridge that calls it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from glacier.config.cron import DAY, HOUR, MINUTE, MONTH, WEEKDAY, WEEKDAYS, CronField
from glacier.differences import is_met
from glacier.drift import UNTOLD, Difference, differences
from glacier.errors import FunctionError
from glacier_aws.errors import code_of, unless_missing
from glacier_aws.function.request import (
    EVENTS_SERVICE,
    SCHEDULE_PAYLOAD,
    SCHEDULE_STATEMENT,
    SCHEDULE_TARGET,
    rule_name,
    rule_request,
)

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient

    from glacier.resources import Serverless
    from glacier.resources.schedules import Cron
    from glacier_aws.session import AwsSession

_NOT_THERE = "ResourceNotFoundException"


def eventbridge_cron(cron: "Cron") -> str:
    """Return a schedule in the words of EventBridge.

    It has a year beside cron's fields, other numbers for weekdays, no steps of those and none of
    ranges, and a `?` for the kind of day that does not count:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """
    minute, hour = _without_ranges(MINUTE, cron.minute), _without_ranges(HOUR, cron.hour)
    day, month = _without_ranges(DAY, cron.day), _without_ranges(MONTH, cron.month)
    weekday = "?"
    if cron.weekday != "*":
        names = (WEEKDAYS[number][:3].upper() for number in WEEKDAY.numbers_of(cron.weekday))
        day, weekday = "?", ",".join(names)
    return f"cron({minute} {hour} {day} {month} {weekday} *)"


def _without_ranges(kind: CronField, text: str) -> str:
    """Return a field in which no range has steps: a list of numbers instead."""
    has_steps_of_range = re.search(r"-\w+/", text) is not None
    return ",".join(str(one) for one in kind.numbers_of(text)) if has_steps_of_range else text


def settle_schedule(function: "Serverless", session: "AwsSession", function_arn: str) -> None:
    """Create, update or remove what calls a function by its schedule.

    Raises:
        ClientError: AWS refuses.
        FunctionError: EventBridge does not take the function as a target.
    """
    events = cast("EventBridgeClient", session.client("events"))
    functions = cast("LambdaClient", session.client("lambda"))
    name = rule_name(function)
    wanted = rule_request(function)
    found = unless_missing(lambda: events.describe_rule(Name=name))
    if wanted is None:
        if found is not None:
            _remove(function, events, functions)
        return
    if found is None or any(found.get(key) != value for key, value in wanted.items()):
        labels = [{"Key": key, "Value": value} for key, value in function.provider.tags.items()]
        # A rule that is there has its tags, and the request may not name them again.
        tags: Any = {"Tags": labels} if labels and found is None else {}
        rule_arn = events.put_rule(**wanted, **tags)["RuleArn"]
    else:
        rule_arn = found["Arn"]
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    target = _target(function_arn)
    if not any(is_met(target, one) for one in targets):
        for problem in events.put_targets(Rule=name, Targets=[target])["FailedEntries"]:
            raise FunctionError(
                f"The schedule of the function {function.function_name!r} can't be made: "
                f"{problem.get('ErrorCode')}: {problem.get('ErrorMessage')}. Deploy it again.",
                function_name=function.function_name,
            )
    if not _is_permitted(function, functions):
        functions.add_permission(
            FunctionName=function.function_name,
            StatementId=SCHEDULE_STATEMENT,
            Action="lambda:InvokeFunction",
            Principal=EVENTS_SERVICE,
            SourceArn=rule_arn,
        )


def schedule_drift(
    thing: str, function: "Serverless", session: "AwsSession", function_arn: str
) -> Iterator[Difference]:
    """Yield where what calls a function by its schedule differs.

    Raises:
        ClientError: AWS refuses to tell.
    """
    events = cast("EventBridgeClient", session.client("events"))
    name, wanted = rule_name(function), rule_request(function)
    found: Any = unless_missing(lambda: events.describe_rule(Name=name))
    expression = "ScheduleExpression"
    if wanted is None or found is None:
        whole = {"schedule": (wanted or {}).get(expression)}
        yield from differences(thing, whole, {"schedule": (found or {}).get(expression)})
        return
    for field, value in wanted.items():
        setting = "schedule" if field == expression else f"schedule.{field}"
        yield from differences(thing, {setting: value}, {setting: found.get(field)})
    target, targets = _target(function_arn), events.list_targets_by_rule(Rule=name)["Targets"]
    if not any(is_met(target, one) for one in targets):
        # What somebody else has it send may be a secret.
        yield Difference(thing, "schedule.target", target, UNTOLD if targets else None)
    if not _is_permitted(function, cast("LambdaClient", session.client("lambda"))):
        yield Difference(thing, "schedule.permission", SCHEDULE_STATEMENT, None)


def _target(function_arn: str) -> Any:  # Any: as the request's types have it
    """Return what a schedule's rule calls, and with what."""
    return {"Id": SCHEDULE_TARGET, "Arn": function_arn, "Input": SCHEDULE_PAYLOAD}


def _is_permitted(function: "Serverless", functions: "LambdaClient") -> bool:
    try:
        policy = functions.get_policy(FunctionName=function.function_name)["Policy"]
    except ClientError as error:
        if code_of(error) != _NOT_THERE:
            raise
        return False
    return f'"{SCHEDULE_STATEMENT}"' in policy


def _remove(function: "Serverless", events: "EventBridgeClient", functions: "LambdaClient") -> None:
    name = rule_name(function)
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    if targets:
        events.remove_targets(Rule=name, Ids=[one["Id"] for one in targets])
    events.delete_rule(Name=name)
    if _is_permitted(function, functions):
        functions.remove_permission(
            FunctionName=function.function_name, StatementId=SCHEDULE_STATEMENT
        )
