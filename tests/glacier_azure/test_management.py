"""To whom clients of Resource Manager send tokens."""

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.mgmt.resource.resources import ResourceManagementClient

from glacier.config import AzureConfig
from glacier.errors import ConfigError
from glacier_azure.management import management_client
from glacier_azure.session import session_of
from tests.rigs.azure.server import AzureServer
from tests.rigs.proxy import Proxy, reset_request


@pytest.mark.parametrize(
    "endpoint", ["http://management.azure.com", "HTTP://management.azure.com", "http://10.0.0.4:80"]
)
def test_token_is_sent_to_no_other_machine_without_tls(endpoint: str) -> None:
    config = AzureConfig(
        resource_group="rg", subscription_id="subscription", management_endpoint=endpoint
    )

    with pytest.raises(ConfigError, match=r"No token is sent to .*Begin it with https://"):
        management_client(session_of(config), ResourceManagementClient)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_emulator_on_this_machine_needs_no_tls(host: str) -> None:
    config = AzureConfig(
        resource_group="rg", subscription_id="subscription", management_endpoint=f"http://{host}:80"
    )

    client = management_client(session_of(config), ResourceManagementClient)

    assert isinstance(client, ResourceManagementClient)


def test_config_says_how_often_a_request_is_tried_again(azure: AzureServer) -> None:
    with Proxy(azure.endpoint) as proxy:
        proxy.on(reset_request)
        config = azure.config(management_endpoint=proxy.endpoint, max_retries=0)
        client = management_client(session_of(config), ResourceManagementClient)

        with pytest.raises(ServiceResponseError, match="Connection"):
            client.resource_groups.get("rg")

        assert len(proxy.requests) == 1
