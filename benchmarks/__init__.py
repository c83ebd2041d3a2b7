"""How fast Dockyard is, beside other ways to the same end: `python -m benchmarks` prints the table."""
