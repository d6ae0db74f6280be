"""How containers of Blob Storage are made, written and kept."""
