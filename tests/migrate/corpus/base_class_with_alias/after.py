from glacier import Provider


def source(cloud: Provider, other: "Provider | None" = None):
    return cloud.bucket("my-data")
