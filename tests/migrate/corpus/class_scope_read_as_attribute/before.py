from glacier.providers import LocalProvider


class Settings:
    from glacier.providers import AWSProvider

    provider = AWSProvider("us-east-1")

    def other(self):
        return self.AWSProvider("eu-west-1")


LocalProvider("data")
