"""AWS for Glacier."""
