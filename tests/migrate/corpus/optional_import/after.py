try:
    import polars
    from glacier import Provider
    from glacier.config import LocalConfig
except ImportError:  # neither is installed
    print("install them")
else:
    provider = Provider(config=LocalConfig(base_path="data"))
