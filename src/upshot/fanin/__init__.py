"""Joining many results into one: the pure rules, to be driven through `stores.contract.Joins`."""
