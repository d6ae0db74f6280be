import glacier
import glacier.providers
import glacier.providers.aws

provider = glacier.providers.AWSProvider(region="us-east-1")
other = glacier.providers.aws.AWSProvider("eu-central-1")


@glacier.task
def load():
    pass
