def make(region: str):
    """Return a provider."""
    # Here, since it is slow.
    from glacier.providers import AWSProvider

    return AWSProvider(region=region)


def make_other():
    from glacier import Provider
    from glacier.config import LocalConfig

    # Of V2.
    from glacier.providers import LocalProvider

    return Provider(config=LocalConfig()), LocalProvider("x")


make("us-east-1")
make_other()
