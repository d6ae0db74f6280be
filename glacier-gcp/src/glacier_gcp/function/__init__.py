"""How functions reach Cloud Functions, and are called there."""
