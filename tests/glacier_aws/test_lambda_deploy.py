"""Deploying Lambda functions: what AWS then has, and how few requests that takes."""

import json
import logging
from typing import Any

import pytest

from glacier import Provider
from glacier.config import LambdaConfig
from glacier.errors import FunctionError
from tests.glacier_aws.lambda_functions import (
    answer_instead,
    changes,
    client,
    deployed,
    make_function,
    refuse,
)
from tests.projects import ECHO, Project
from tests.rigs.aws.server import ACCOUNT, SECRET_KEY, AwsServer

STAGING = f"glacier-staging-{ACCOUNT}-us-east-1"
FUNCTIONS = "/2015-03-31/functions"


@pytest.fixture
def role(aws_server: AwsServer) -> str:
    """A role of the user's own."""
    iam = client(aws_server, "iam")
    try:
        made = iam.create_role(RoleName="own", AssumeRolePolicyDocument="{}")
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName="own")
    return str(made["Role"]["Arn"])


def found(server: AwsServer, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = client(server, "lambda").get_function(FunctionName=name)
    return answer


def test_deploy_makes_what_the_config_says(
    aws_server: AwsServer, project: Project, role: str
) -> None:
    function = deployed(
        aws_server,
        f"{project.module()}:run",
        runtime="python3.12",
        tags={"team": "data"},
        memory_mb=1024,
        timeout_seconds=120,
        role_arn=role,
        architecture="arm64",
        environment={"MODE": "fast"},
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        overrides={"Description": "scores", "EphemeralStorage": {"Size": 1024}},
    )

    answer = found(aws_server, function.function_name)
    settings = answer["Configuration"]
    assert {name: settings[name] for name in ("Runtime", "MemorySize", "Timeout", "Role")} == {
        "Runtime": "python3.12",
        "MemorySize": 1024,
        "Timeout": 120,
        "Role": role,
    }
    assert settings["Handler"] == "glacier_lambda.handler"
    assert settings["Architectures"] == ["arm64"]
    assert settings["Environment"] == {"Variables": {"MODE": "fast"}}
    assert settings["VpcConfig"]["SubnetIds"] == ["subnet-1"]
    assert settings["VpcConfig"]["SecurityGroupIds"] == ["sg-1"]
    assert settings["Description"] == "scores"
    assert settings["EphemeralStorage"] == {"Size": 1024}
    assert answer["Tags"] == {"team": "data"}


def test_deploy_again_changes_nothing(aws_server: AwsServer, project: Project) -> None:
    function = make_function(
        aws_server,
        f"{project.module()}:run",
        tags={"team": "data"},
        environment={"MODE": "fast"},
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        reserved_concurrency=5,
        url=True,
        schedule="rate(1 hour)",
        overrides={"Description": "scores"},
    )
    function.deploy()
    assert changes(aws_server) != []

    function.deploy()

    assert changes(aws_server) == []


def test_deploy_sends_code_through_staging_once(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    aws_server.requests(forget=True)
    function = deployed(aws_server, f"{module}:run")
    first = [one for one in changes(aws_server) if "/functions/" in one and STAGING in one]
    twin = make_function(aws_server, f"{module}:run", function.function_name, memory_mb=256)
    client(aws_server, "lambda").delete_function(FunctionName=function.function_name)
    aws_server.requests(forget=True)

    twin.deploy()

    again = [one for one in changes(aws_server) if "/functions/" in one and STAGING in one]
    assert [one.split("/")[:3] for one in first] == [["PUT ", STAGING, "functions"]]
    assert again == []


def test_deploy_uses_the_providers_staging(aws_server: AwsServer, project: Project) -> None:
    client(aws_server, "s3").create_bucket(Bucket="own-staging")
    provider = Provider(aws_server.config(), staging="own-staging/glacier")

    provider.serverless("staged", f"{project.module()}:run").deploy()

    keys = client(aws_server, "s3").list_objects_v2(Bucket="own-staging")["Contents"]
    assert [one["Key"].rpartition("/")[0] for one in keys] == ["glacier/functions"]


def test_deploy_updates_code_in_place(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    function = deployed(aws_server, f"{module}:run")
    assert function.invoke({"a": 1}) == {"a": 1}
    project.module(ECHO.replace("return payload", "return {'new': True}"), module)
    aws_server.requests(forget=True)

    function.deploy()

    place = f"{FUNCTIONS}/{function.function_name}"
    assert [one for one in changes(aws_server) if FUNCTIONS in one] == [f"PUT {place}/code"]
    assert function.invoke({"a": 1}) == {"new": True}


def test_deploy_updates_settings_in_place(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    before = deployed(aws_server, f"{module}:run", environment={"OLD": "1"}, subnet_ids=["s-1"])
    name = before.function_name
    aws_server.requests(forget=True)

    deployed(aws_server, f"{module}:run", name=name, memory_mb=2048)

    place = f"{FUNCTIONS}/{name}/configuration"
    assert [one for one in changes(aws_server) if FUNCTIONS in one] == [f"PUT {place}"]
    settings = found(aws_server, name)["Configuration"]
    assert settings["MemorySize"] == 2048
    assert "Environment" not in settings
    assert settings["VpcConfig"]["SubnetIds"] == []


@pytest.mark.parametrize("after", [{}, {"environment": {"KEPT": "1"}}])
def test_deploy_removes_variables(aws_server: AwsServer, project: Project, after: Any) -> None:
    module = project.module()
    variables = {"KEPT": "1", "OLD": "1"}
    name = deployed(aws_server, f"{module}:run", environment=variables).function_name

    deployed(aws_server, f"{module}:run", name=name, **after)

    settings = found(aws_server, name)["Configuration"]
    assert settings.get("Environment", {}).get("Variables", {}) == after.get("environment", {})


def test_deploy_adds_tags(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run", tags={"team": "data"}).function_name

    deployed(aws_server, f"{module}:run", name=name, tags={"team": "sales", "cost": "7"})

    assert found(aws_server, name)["Tags"] == {"team": "sales", "cost": "7"}


def test_deploy_sets_and_removes_concurrency(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run", reserved_concurrency=3).function_name
    functions = client(aws_server, "lambda")

    def concurrency() -> object:
        answer = functions.get_function_concurrency(FunctionName=name)
        return answer.get("ReservedConcurrentExecutions")

    first = concurrency()
    deployed(aws_server, f"{module}:run", name=name, reserved_concurrency=0)
    second = concurrency()
    deployed(aws_server, f"{module}:run", name=name)

    assert (first, second, concurrency()) == (3, 0, None)


def test_deploy_makes_and_removes_the_url(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run", url=True).function_name
    functions = client(aws_server, "lambda")
    made = functions.get_function_url_config(FunctionName=name)

    deployed(aws_server, f"{module}:run", name=name)

    assert made["AuthType"] == "AWS_IAM"
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_url_config(FunctionName=name)


def test_deploy_closes_a_url_that_is_open_to_all(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run").function_name
    functions = client(aws_server, "lambda")
    functions.create_function_url_config(FunctionName=name, AuthType="NONE")

    deployed(aws_server, f"{module}:run", name=name, url=True)

    assert functions.get_function_url_config(FunctionName=name)["AuthType"] == "AWS_IAM"


def test_deploy_makes_the_schedule(aws_server: AwsServer, project: Project) -> None:
    function = deployed(
        aws_server, f"{project.module()}:run", tags={"team": "data"}, schedule="rate(1 hour)"
    )

    name = f"glacier-{function.function_name}-schedule"
    events = client(aws_server, "events")
    rule = events.describe_rule(Name=name)
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    policy = client(aws_server, "lambda").get_policy(FunctionName=function.function_name)
    [statement] = json.loads(policy["Policy"])["Statement"]
    arn = found(aws_server, function.function_name)["Configuration"]["FunctionArn"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 hour)", "ENABLED")
    assert [one["Arn"] for one in targets] == [arn]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": rule["Arn"]}}
    tags = events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]


def test_schedule_that_does_not_get_its_target_is_an_error(
    aws_server: AwsServer, project: Project, role: str
) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run", role_arn=role).function_name
    entry = {"ErrorCode": "ConcurrentModificationException", "ErrorMessage": "a change goes on"}
    request = {"method": "POST", "path": "/", "message": ""}
    answer_instead(
        aws_server,
        {**request, "status": 400, "type": "", "fields": {"__type": "ResourceNotFoundException"}},
        {**request, "status": 200, "type": "", "fields": {"RuleArn": "arn:aws:events:rule"}},
        {**request, "status": 200, "type": "", "fields": {"Targets": []}},
        {
            **request,
            "status": 200,
            "type": "",
            "fields": {"FailedEntryCount": 1, "FailedEntries": [entry]},
        },
    )

    with pytest.raises(FunctionError, match=r"schedule of .*ConcurrentModification.*Deploy it"):
        deployed(aws_server, f"{module}:run", name=name, role_arn=role, schedule="rate(1 hour)")


def test_deploy_changes_and_removes_the_schedule(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run", schedule="rate(1 hour)").function_name
    rule = f"glacier-{name}-schedule"
    events, functions = client(aws_server, "events"), client(aws_server, "lambda")

    deployed(aws_server, f"{module}:run", name=name, schedule="cron(0 6 * * ? *)")
    changed = events.describe_rule(Name=rule)["ScheduleExpression"]
    deployed(aws_server, f"{module}:run", name=name)

    assert changed == "cron(0 6 * * ? *)"
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name=rule)
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_policy(FunctionName=name)


def test_role_may_do_what_the_buckets_need_and_no_more(
    aws_server: AwsServer, project: Project
) -> None:
    provider = Provider(aws_server.config(), {"team": "data"})
    provider.bucket("lake", "sales/")
    provider.serverless("least", f"{project.module()}:run").deploy()

    iam = client(aws_server, "iam")
    role = iam.get_role(RoleName="glacier-lambda-least-us-east-1")["Role"]
    policy = iam.get_role_policy(RoleName="glacier-lambda-least-us-east-1", PolicyName="glacier")
    trusted = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    resources = [one["Resource"] for one in policy["PolicyDocument"]["Statement"]]
    assert trusted == {"Service": "lambda.amazonaws.com"}
    assert role["Tags"] == [{"Key": "team", "Value": "data"}]
    logs = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/least"
    lake = "arn:aws:s3:::lake"
    assert resources == [[logs, f"{logs}:*"], [f"{lake}/sales/*"], lake, [lake]]


def test_function_keeps_its_rights_where_another_region_has_one_of_its_name(
    aws_server: AwsServer, project: Project
) -> None:
    handler, regions = f"{project.module()}:run", ("us-east-1", "eu-central-1")

    for region in regions:
        Provider(aws_server.config(region=region)).serverless("twin", handler).deploy()

    iam = client(aws_server, "iam")
    for region in regions:
        policy = iam.get_role_policy(
            RoleName=f"glacier-lambda-twin-{region}", PolicyName="glacier"
        )["PolicyDocument"]
        assert f"arn:aws:logs:{region}:{ACCOUNT}:" in policy["Statement"][0]["Resource"][0]


def test_role_follows_the_buckets(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    Provider(aws_server.config()).serverless("follows", f"{module}:run").deploy()
    provider = Provider(aws_server.config())
    provider.bucket("lake", "sales/")

    provider.serverless("follows", f"{module}:run").deploy()

    policy = client(aws_server, "iam").get_role_policy(
        RoleName="glacier-lambda-follows-us-east-1", PolicyName="glacier"
    )
    assert "arn:aws:s3:::lake/sales/*" in json.dumps(policy["PolicyDocument"])


def test_role_of_a_long_name_is_cut(aws_server: AwsServer, project: Project) -> None:
    names = [f"{'long-' * 11}{letter}" for letter in "ab"]

    roles = []
    for name in names:
        deployed(aws_server, f"{project.module()}:run", name=name)
        roles.append(found(aws_server, name)["Configuration"]["Role"].rpartition("/")[2])

    assert len(set(roles)) == 2
    assert [len(role) for role in roles] == [64, 64]


def test_role_that_is_not_known_yet_is_waited_for(aws_server: AwsServer, project: Project) -> None:
    refuse(
        aws_server,
        "POST",
        f"{FUNCTIONS}/?",
        times=2,
        status=400,
        type="InvalidParameterValueException",
        message="The role defined for the function cannot be assumed by Lambda.",
    )

    function = deployed(aws_server, f"{project.module()}:run")

    assert function.invoke({"a": 1}) == {"a": 1}


def test_role_that_can_not_be_assumed_is_an_error_at_once(
    aws_server: AwsServer, project: Project
) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/not-there"
    function = make_function(aws_server, f"{project.module()}:run", role_arn=role)

    with pytest.raises(FunctionError, match=r"could not be deployed: .*role .*cannot be assumed"):
        function.deploy()


def test_role_that_can_not_be_assumed_after_an_update_is_an_error_at_once(
    aws_server: AwsServer, project: Project, role: str
) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run", role_arn=role).function_name
    said = "The role defined for the function cannot be assumed by Lambda."
    kind = "InvalidParameterValueException"
    refuse(aws_server, "PUT", ".*/configuration", status=400, type=kind, message=said)

    with pytest.raises(FunctionError, match=r"role .*cannot be assumed.*Correct its LambdaConfig"):
        deployed(aws_server, f"{module}:run", name=name, role_arn=role, memory_mb=256)


def test_update_waits_for_one_that_is_under_way(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run").function_name
    refuse(
        aws_server,
        "PUT",
        ".*/configuration",
        status=409,
        type="ResourceConflictException",
        message="An update is in progress",
    )

    deployed(aws_server, f"{module}:run", name=name, memory_mb=1024)

    assert found(aws_server, name)["Configuration"]["MemorySize"] == 1024


def test_function_that_does_not_become_active_says_why(
    aws_server: AwsServer, project: Project
) -> None:
    function = make_function(aws_server, f"{project.module()}:run", "stuck")
    get = {"method": "GET", "path": f"{FUNCTIONS}/stuck", "message": ""}
    state = {"State": "Failed", "StateReason": "The subnet has no address left."}
    answer_instead(
        aws_server,
        {**get, "status": 404, "type": "ResourceNotFoundException"},
        {**get, "status": 200, "type": "", "fields": {"Configuration": state}},
    )

    with pytest.raises(FunctionError, match=r"did not become active: The subnet has no address"):
        function.deploy()


def test_function_that_another_process_makes_meanwhile_is_brought_up_to_date(
    aws_server: AwsServer, project: Project
) -> None:
    module = project.module()
    name = deployed(aws_server, f"{module}:run").function_name
    refuse(
        aws_server,
        "GET",
        f"{FUNCTIONS}/{name}",
        status=404,
        type="ResourceNotFoundException",
        message="not yet",
    )

    deployed(aws_server, f"{module}:run", name=name, memory_mb=1024)

    assert found(aws_server, name)["Configuration"]["MemorySize"] == 1024


def test_function_that_is_not_active_yet_is_waited_for(
    aws_server: AwsServer, project: Project
) -> None:
    function = make_function(aws_server, f"{project.module()}:run", "pending")
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:pending"
    get = {"method": "GET", "path": f"{FUNCTIONS}/pending", "message": "", "status": 200}
    states = (
        {"State": "Pending", "FunctionArn": arn},
        {"State": "Failed", "StateReason": "The subnet has no address left."},
    )
    answers = [{**get, "type": "", "fields": {"Configuration": state}} for state in states]
    answer_instead(aws_server, *answers)

    with pytest.raises(FunctionError, match=r"did not become active: The subnet has no address"):
        function.deploy()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("AccessDeniedException", "could not be deployed: access is denied .*Check the rights"),
        ("InvalidSignatureException", "AWS does not take the credentials"),
        ("InvalidParameterValueException", "does not take its settings .*Correct its Lambda"),
        ("ResourceNotFoundException", "what it needs, does not exist .*Correct its config"),
    ],
)
def test_refused_deployment_says_why(
    aws_server: AwsServer, project: Project, kind: str, message: str
) -> None:
    said = "User is not authorized"
    refuse(aws_server, "POST", f"{FUNCTIONS}/?", status=403, type=kind, message=said)
    function = make_function(aws_server, f"{project.module()}:run")

    with pytest.raises(FunctionError, match=message):
        function.deploy()


def test_deployment_that_aws_breaks_off_can_be_repeated(
    aws_server: AwsServer, project: Project
) -> None:
    kind, times = "ServiceException", 5  # as often as the SDK tries
    refuse(aws_server, "POST", f"{FUNCTIONS}/?", times=times, status=500, type=kind, message="no")
    function = make_function(aws_server, f"{project.module()}:run")

    with pytest.raises(FunctionError, match=r"AWS failed: ServiceException: no\. Deploy it again"):
        function.deploy()
    function.deploy()

    assert function.invoke({"a": 1}) == {"a": 1}


def test_override_of_none_leaves_a_setting_to_lambda(
    aws_server: AwsServer, project: Project
) -> None:
    module = project.module()
    taken_away = {"MemorySize": None, "Timeout": None, "Architectures": None}
    name = deployed(aws_server, f"{module}:run", overrides=taken_away).function_name
    changes(aws_server)

    again = deployed(aws_server, f"{module}:run", name=name, overrides=taken_away)

    assert changes(aws_server) == []
    assert again.invoke({"a": 1}) == {"a": 1}
    assert found(aws_server, name)["Configuration"]["MemorySize"] == 128


def test_overrides_tags_are_added_and_changed(aws_server: AwsServer, project: Project) -> None:
    module = project.module()
    tags = {"team": "data"}
    name = deployed(
        aws_server, f"{module}:run", tags=tags, overrides={"Tags": {"tier": "1"}}
    ).function_name

    deployed(aws_server, f"{module}:run", name=name, tags=tags, overrides={"Tags": {"tier": "2"}})

    assert found(aws_server, name)["Tags"] == {"team": "data", "tier": "2"}


def test_override_that_lambda_does_not_know_is_an_error(
    aws_server: AwsServer, project: Project
) -> None:
    function = make_function(aws_server, f"{project.module()}:run", overrides={"Colour": "red"})

    with pytest.raises(FunctionError, match=r"(?s)can't be sent: .*Colour.*Correct overrides="):
        function.deploy()


@pytest.mark.parametrize(
    "config",
    [
        {"environment": {"TOKEN": f"Bearer {SECRET_KEY}"}},
        {"overrides": {"Description": SECRET_KEY}},
    ],
)
def test_secret_among_the_settings_is_refused(
    aws_server: AwsServer, project: Project, config: Any
) -> None:
    function = make_function(aws_server, f"{project.module()}:run", "secretive", **config)
    aws_server.requests(forget=True)

    with pytest.raises(FunctionError, match=r"holds the secret AwsConfig\.secret_acc") as caught:
        function.deploy()

    assert SECRET_KEY not in str(caught.value)
    assert aws_server.requests() == []


def test_no_secret_is_shown_logged_or_sent(
    aws_server: AwsServer, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="glacier")

    function = deployed(aws_server, f"{project.module()}:run")

    settings = found(aws_server, function.function_name)
    assert SECRET_KEY not in json.dumps(settings, default=str)
    assert SECRET_KEY not in repr([function, function.config, function.provider, function.adapter])
    assert SECRET_KEY not in caplog.text


def test_layers_that_are_too_large_are_an_error_before_the_upload(
    aws_server: AwsServer, project: Project
) -> None:
    # The size of a layer is what AWS says that it is: here a file of almost 250 MiB, as it is.
    functions = client(aws_server, "lambda")
    s3 = client(aws_server, "s3")
    s3.create_bucket(Bucket="layers")
    s3.put_object(Bucket="layers", Key="large.zip", Body=bytes(262_143_000))
    layer = functions.publish_layer_version(
        LayerName="large", Content={"S3Bucket": "layers", "S3Key": "large.zip"}
    )
    function = make_function(
        aws_server, f"{project.module()}:run", layers=[layer["LayerVersionArn"]]
    )
    aws_server.requests(forget=True)

    with pytest.raises(FunctionError, match=r"262,144,000 \(250 MiB\).*: layers 262,143,000"):
        function.deploy()

    assert changes(aws_server) == []


def test_config_without_a_function_config_uses_its_defaults(
    aws_server: AwsServer, project: Project
) -> None:
    Provider(aws_server.config()).serverless("plain", f"{project.module()}:run").deploy()

    settings = found(aws_server, "plain")["Configuration"]

    expected = LambdaConfig()
    assert settings["MemorySize"] == expected.memory_mb
    assert settings["Timeout"] == expected.timeout_seconds
