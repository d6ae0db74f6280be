from glacier.providers import LocalProvider


class Settings:
    from glacier.providers import AWSProvider

    provider = AWSProvider("us-east-1")
    dev = LocalProvider("data")
    source = dev.bucket_source("a")


Settings()
