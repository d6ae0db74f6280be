from glacier.providers.base import Provider as Base


def source(cloud: Base, other: "Base | None" = None):
    return cloud.bucket_source("my-data")
