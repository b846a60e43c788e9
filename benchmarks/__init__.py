"""What must be fast, measured side by side; never part of the tests."""
