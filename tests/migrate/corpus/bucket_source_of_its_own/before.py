from glacier import task


class Provider:
    def bucket_source(self, name):
        return name


our_provider = Provider()
our_provider.bucket_source("x")
