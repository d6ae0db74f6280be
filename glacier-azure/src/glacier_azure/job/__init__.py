"""How jobs run on Synapse."""
