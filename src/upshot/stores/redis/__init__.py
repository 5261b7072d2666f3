"""Results in Redis: one guarded round trip a write, news by publish and subscribe."""

from upshot.stores.redis.store import RedisStore, from_url

__all__ = ["RedisStore", "from_url"]
