from glacier import providers, task

provider = providers.LocalProvider("data")


@task
def load():
    pass
