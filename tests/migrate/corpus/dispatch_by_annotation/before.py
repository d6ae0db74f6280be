from functools import singledispatch

from glacier.providers import AWSProvider, AzureProvider, GCPProvider


@singledispatch
def name_of(p):
    return "some"


@name_of.register
def _(p: AWSProvider) -> str:
    return "aws"


@name_of.register
def _(p: "AzureProvider | GCPProvider") -> str:
    return "azure"
