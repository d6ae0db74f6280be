from glacier.providers import AWSProvider


class OurProvider(AWSProvider):
    def __init__(self):
        super().__init__(region="us-east-1")

    def lake(self):
        return self.bucket_source("lake")

    def bucket_source(self, bucket, **kwargs):
        return super().bucket_source(f"our-{bucket}", **kwargs)


provider = OurProvider()
source = provider.bucket_source("my-data")
