from infra import *

from glacier.providers import AWSProvider, LocalProvider

theirs = Provider("infra")
cloud = LocalProvider("data")
