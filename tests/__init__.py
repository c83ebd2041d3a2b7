"""The tests, laid out as tasks/ is."""
