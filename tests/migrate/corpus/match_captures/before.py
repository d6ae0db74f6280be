from glacier.providers import AWSProvider, LocalProvider

cloud = LocalProvider("data")


def first(found):
    match found:
        case Provider:
            return AWSProvider("us-east-1"), Provider


def second(found):
    match found:
        case {"a": 1, **AwsConfig}:
            return AWSProvider("us-east-1"), AwsConfig


def third(found):
    match found:
        case [1, *Provider]:
            return AWSProvider("us-east-1"), Provider


match [3]:
    case [cloud]:
        print(cloud.base_path)
