"""What plays Azure to the tests."""
