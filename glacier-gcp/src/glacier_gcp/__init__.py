"""Google Cloud for Glacier."""
