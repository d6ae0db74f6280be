from glacier.resources.aws import S3Bucket
from infra import clouds, make

a = S3Bucket("a", provider=clouds["aws"])
b = S3Bucket("b", provider=make("aws").provider)
c = S3Bucket("c", provider=clouds.aws)
