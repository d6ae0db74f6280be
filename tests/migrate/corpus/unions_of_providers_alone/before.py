import typing
from typing import Optional, Union

from glacier.providers import AWSProvider, AzureProvider, LocalProvider


def flow(
    a: Union[AWSProvider, AzureProvider],
    b: "Optional[typing.Union[AWSProvider, AzureProvider]]",
    c: Union[AWSProvider, AzureProvider, str],
    d: Union[
        AWSProvider,  # ours
        AzureProvider,  # theirs
    ],
    e: Union[(LocalProvider), AWSProvider],
):
    return a, b, c, d, e
