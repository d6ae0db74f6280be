"""How jobs run on Dataproc."""
