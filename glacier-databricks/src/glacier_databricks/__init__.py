"""Databricks for Glacier."""
