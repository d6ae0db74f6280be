import glacier
from infra import lake, registry

lake.bucket_source("a")
registry["aws"].bucket_source("b")
registry.get(secret="s3cr3t").bucket_source("c")
registry.provider.bucket("d")
