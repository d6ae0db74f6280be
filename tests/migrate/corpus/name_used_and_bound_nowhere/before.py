from glacier.providers import LocalProvider

if False:
    Provider("infra")
cloud = LocalProvider("data")
