try:
    import polars
    from glacier.providers import LocalProvider
except ImportError:  # neither is installed
    print("install them")
else:
    provider = LocalProvider("data")
