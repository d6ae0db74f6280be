"""A Google Cloud on a port of this machine, for Google's own clients."""
