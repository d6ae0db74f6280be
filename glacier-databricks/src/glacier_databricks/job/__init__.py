"""How jobs are described to Databricks, started there and followed."""
