from glacier.providers import AWSProvider, AzureProvider, GCPProvider

AWSProvider(region="us-east-1", retries=3)
AWSProvider()
AzureProvider(location="eastus")
GCPProvider("a", project_id="b")
