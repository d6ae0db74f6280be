"""Users of a server that enforces who may do what."""

import json
from functools import cache
from typing import Any

import boto3
from pydantic import SecretStr

from glacier.config import AwsConfig
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer

ALLOWED = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def iam(server: AwsServer) -> Any:
    return boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def make_users(server: AwsServer) -> None:
    """Make `owner`, who may do everything, and `nobody`, who may do nothing; then enforce it."""
    client = iam(server)
    made = {}
    for name in ("owner", "nobody"):
        client.create_user(UserName=name)
        key = client.create_access_key(UserName=name)["AccessKey"]
        made[name] = (key["AccessKeyId"], key["SecretAccessKey"])
    policy = {"Version": "2012-10-17", "Statement": [ALLOWED]}
    client.put_user_policy(UserName="owner", PolicyName="all", PolicyDocument=json.dumps(policy))
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:user/owner"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "partner"}},
            }
        ],
    }
    client.create_role(RoleName="not-for-everybody", AssumeRolePolicyDocument=json.dumps(trust))
    _keys(server).update(made)
    server.enforce()


def user(server: AwsServer, name: str) -> AwsConfig:
    """Return a config with the keys of a user."""
    access_key, secret = _keys(server)[name]
    return server.config(access_key_id=access_key, secret_access_key=SecretStr(secret))


@cache
def _keys(server: AwsServer) -> dict[str, tuple[str, str]]:
    return {}
