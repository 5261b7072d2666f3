"""Which error an answer of Redis is, and what the user can do about it."""

from typing import Final

from upshot.errors import Misconfigured, Refused, TooLarge, Unavailable, Unsupported, UpshotError

_WRONG_LOGIN: Final = (
    "user name or password are wrong: correct them in the URL, or in redis_username and "
    "redis_password"
)
_NO_LOGIN: Final = (
    "the server wants a password: write redis://:PASSWORD@host, or set redis_password"
)
_NEEDLESS_LOGIN: Final = (
    "the server has no password, but one was sent: take it out of the URL and of redis_password"
)
_NO_RIGHT: Final = (
    "the user lacks a right: it needs the commands of upshot (+@read +@write +@scripting +@pubsub "
    "+@connection), and its keys and channels (~*celery-task* ~*upshot-* &*celery-task*)"
)
_NO_DISK: Final = (
    "the server cannot save its data to disk and therefore takes no writes: free its disk, or set "
    "stop-writes-on-bgsave-error to no there"
)
_NO_MEMORY: Final = (
    "the server's memory is full: raise maxmemory there, shorten result_expires, or choose a "
    "maxmemory-policy that evicts"
)
_NO_DATABASE: Final = (
    "there is no database of that number: lower it in the URL or in redis_db, or raise "
    "`databases` on the server"
)
_TOO_LONG: Final = (
    "the server takes no value of that size: raise proto-max-bulk-len there, or store a reference "
    "instead of the value"
)
_NO_PLACE: Final = (
    "the server has no connection left: raise maxclients there, or lower redis_max_connections in "
    "the processes that use it"
)
_TOO_OLD: Final = (
    "the server lacks a command that upshot needs: Redis 5 or newer with scripts allowed will do"
)
_REPLICA: Final = "this server is a read-only replica: point the URL at the primary"
_CLUSTER: Final = "this is a Redis Cluster, which this release cannot use"

# Looked for anywhere in an answer: servers before 7 wrap what a script met into other words.
ANSWERS: Final[tuple[tuple[str, type[UpshotError], str], ...]] = (
    ("WRONGPASS", Refused, _WRONG_LOGIN),
    ("invalid username-password", Refused, _WRONG_LOGIN),
    ("invalid password", Refused, _WRONG_LOGIN),
    ("without any password configured", Refused, _NEEDLESS_LOGIN),
    ("but no password is set", Refused, _NEEDLESS_LOGIN),
    ("NOAUTH", Refused, _NO_LOGIN),
    ("Authentication required", Refused, _NO_LOGIN),
    ("NOPERM", Refused, _NO_RIGHT),
    ("The user executing the script can't", Refused, _NO_RIGHT),
    ("READONLY", Refused, _REPLICA),
    ("MISCONF", Refused, _NO_DISK),
    ("OOM ", Refused, _NO_MEMORY),
    ("DB index is out of range", Misconfigured, _NO_DATABASE),
    ("invalid bulk length", TooLarge, _TOO_LONG),
    ("string exceeds maximum allowed size", TooLarge, _TOO_LONG),
    ("max number of clients", Unavailable, _NO_PLACE),
    ("LOADING", Unavailable, "the server is still loading its data; trying again helps"),
    ("BUSY ", Unavailable, "the server is busy with a script; trying again helps"),
    ("MASTERDOWN", Unavailable, "the replica has lost its primary; trying again may help"),
    ("NOREPLICAS", Unavailable, "the primary has too few replicas to accept writes"),
    ("CLUSTERDOWN", Unavailable, "the cluster is incomplete; trying again may help"),
    ("TRYAGAIN", Unavailable, "the cluster is moving these keys; trying again helps"),
    ("MOVED ", Unsupported, _CLUSTER),
    ("CROSSSLOT", Unsupported, _CLUSTER),
    ("unknown command", Unsupported, _TOO_OLD),
)

ENDS_SESSION: Final = ("READONLY", "NOAUTH", "max number of clients", "MASTERDOWN")
"""Answers after which the connection should not be used again."""
