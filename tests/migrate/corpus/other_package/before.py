# not run: the packages are made up
from pulumi_aws import Provider as AWSProvider
from .providers import LocalProvider
from .glacier.providers import GCPProvider
from notglacier.providers import AzureProvider

import glacier

AWSProvider(region="us-east-1")
LocalProvider("data")
GCPProvider("p")
AzureProvider("rg")
