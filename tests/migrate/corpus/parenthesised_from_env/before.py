from glacier.providers import AWSProvider

a = (AWSProvider.from_env)()
b = (AWSProvider).from_env()
