"""Microsoft Azure for Glacier."""
