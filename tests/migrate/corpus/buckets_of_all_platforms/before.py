from glacier.providers import AzureProvider, GCPProvider, LocalProvider
from glacier.resources.azure import BlobContainer
from glacier.resources.gcp import GcsBucket
from glacier.resources.local import LocalBucket

azure = AzureProvider("rg", storage_account="acmesales")
gcp = GCPProvider(project_id="my-project")
local = LocalProvider("data")
BlobContainer(container="lake", provider=azure)
GcsBucket("lake", provider=gcp)
LocalBucket("c", provider=local)
