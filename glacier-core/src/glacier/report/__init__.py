"""A run as one page that can be looked at, kept and sent around."""
