"""The built-in platform: this machine, registered through the same hooks as any cloud."""
