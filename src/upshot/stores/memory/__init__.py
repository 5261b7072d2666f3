"""Results in the memory of one process: the reference for every other store."""

from upshot.stores.memory.store import MemoryStore, from_url

__all__ = ["MemoryStore", "from_url"]
