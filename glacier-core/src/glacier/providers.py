"""What V2 called its providers, which V3 has no more: to import it says how to migrate."""

raise ModuleNotFoundError(
    "glacier.providers is V2's. V3 has one Provider, made with a config: "
    "Provider(config=...). Show what would change by glacier migrate PATH, which needs: "
    'pip install "glacier-core[migrate]"',
    name=__name__,
)
