"""Databricks' part of Terraform documents."""
