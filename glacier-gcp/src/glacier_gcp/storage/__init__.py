"""Cloud Storage: names, settings and uploads."""
