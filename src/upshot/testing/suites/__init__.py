"""The tests of the conformance suite, one module for each part of the contract.

The classes here are never subclassed: `StoreConformance` copies the tests that a store's
declarations call for.
"""
