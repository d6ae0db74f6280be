"""How jobs run on Glue."""
