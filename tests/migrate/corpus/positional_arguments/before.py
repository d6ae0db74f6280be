from glacier.providers import AWSProvider, AzureProvider, GCPProvider, LocalProvider

AWSProvider("us-east-1")
AWSProvider("us-east-1", "staging", account_id="123456789012")
AzureProvider("prod-rg", "eastus")
GCPProvider("my-project")
LocalProvider("data")
LocalProvider()
