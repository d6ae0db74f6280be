from glacier import Provider
from glacier.providers import AWSProvider, AzureProvider


def is_aws(p: Provider) -> bool:
    if isinstance(p, (AWSProvider, AzureProvider)):
        return isinstance(p, AWSProvider)
    assert isinstance(p, Provider)
    return issubclass(type(p), AWSProvider)


def name(p) -> str:
    match p:
        case AWSProvider():
            return "aws"
