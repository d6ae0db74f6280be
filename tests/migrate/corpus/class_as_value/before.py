from glacier.providers import AWSProvider, LocalProvider

PROVIDERS = {"aws": AWSProvider, "local": LocalProvider}
make = AWSProvider
dev = LocalProvider("data")
print(AWSProvider.__doc__)
