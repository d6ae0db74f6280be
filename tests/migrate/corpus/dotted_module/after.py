import glacier
from glacier import Provider
from glacier.config import AwsConfig

provider = Provider(config=AwsConfig(region="us-east-1"))
other = Provider(config=AwsConfig(region="eu-central-1"))


@glacier.task
def load():
    pass
