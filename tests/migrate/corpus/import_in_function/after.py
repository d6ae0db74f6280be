def make(region: str):
    """Return a provider."""
    # Here, since it is slow.
    from glacier import Provider
    from glacier.config import AwsConfig

    return Provider(config=AwsConfig(region=region))


def make_other():
    from glacier import Provider
    from glacier.config import LocalConfig

    # Of V2.

    return Provider(config=LocalConfig()), Provider(config=LocalConfig(base_path="x"))


make("us-east-1")
make_other()
