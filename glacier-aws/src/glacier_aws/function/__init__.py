"""How functions reach Lambda, and are called there."""
