"""Adapters to other systems, each imported on first use."""
