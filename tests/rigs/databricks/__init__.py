"""A Databricks workspace on this machine, which really runs what is submitted."""
