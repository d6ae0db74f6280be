"""Terraform from the same configs that the code runs with."""

from glacier.terraform.blocks import Block, Estate, Expression, Ref, TerraformProvider, Text

__all__ = ["Block", "Estate", "Expression", "Ref", "TerraformProvider", "Text"]
