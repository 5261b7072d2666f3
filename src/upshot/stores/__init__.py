"""The contract of a storage and one driver for each system."""
