def open_clouds():
    global AWSProvider, LocalProvider
    from glacier.providers import AWSProvider, LocalProvider


def make(p: "AWSProvider"):
    return LocalProvider("data")
