from infra import provider, tap

water = tap.bucket_source("well")
source = provider.bucket_source("my-data")
