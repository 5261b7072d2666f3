"""What the repository needs to check and describe itself; never installed."""
