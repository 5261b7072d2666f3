"""Keeps what tasks return: stored anywhere, delivered at once, never lost, never counted twice."""

__version__ = "0.1.0"
