from glacier.providers import AWSProvider, LocalProvider

a = (AWSProvider)("us-east-1")
b = (LocalProvider).from_env()
