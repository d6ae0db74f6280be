from glacier.providers import LocalProvider

a = LocalProvider(
    "data",
    # who pays
    tags={"team": "sales"},
)
b = LocalProvider(
    "data",  # here
    tags={"team": "sales"},
)
