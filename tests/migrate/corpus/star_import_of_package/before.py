from glacier import *

provider = AWSProvider(region="us-east-1")


@task
def load():
    pass
