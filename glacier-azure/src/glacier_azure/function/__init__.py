"""How functions reach Azure Functions, and are called there."""
