"""Which tests of the conformance suite a store's declarations call for."""

from collections.abc import Callable, Iterator
from typing import Final

from upshot.testing.declared import Declared
from upshot.testing.suites import (
    batches,
    expiry,
    guard,
    join_claims,
    joins,
    keeps,
    lifecycle,
    listens,
    lists,
    purges,
    queries,
    races,
    records,
    remembers,
    strangers,
)

Condition = Callable[[Declared, frozenset[str]], bool]

MAX_ID: Final = 155


def suites_for(declared: Declared, hooks: frozenset[str]) -> Iterator[type]:
    """Yield the classes whose tests apply.

    Args:
        declared: what the store promises.
        hooks: names of the optional fixtures that its author defines.
    """
    for suite, condition in _SUITES.items():
        if condition(declared, hooks):
            yield suite


def _has(*names: str) -> Condition:
    return lambda declared, _: declared.capabilities >= set(names)


def _shared(*names: str) -> Condition:
    return lambda declared, _: declared.shares_processes and declared.capabilities >= set(names)


def _expiring(*names: str) -> Condition:
    return lambda declared, _: (
        declared.traits.expiry in {"native", "stored"} and declared.capabilities >= set(names)
    )


def _hooked(hook: str, *names: str) -> Condition:
    return lambda declared, hooks: hook in hooks and declared.capabilities >= set(names)


def _limited(*names: str) -> Condition:
    return lambda declared, _: (
        declared.traits.max_value is not None and declared.capabilities >= set(names)
    )


def _guarded(declared: Declared, _: frozenset[str]) -> bool:
    return declared.traits.guard != "weak"


def _guarded_and_shared(declared: Declared, hooks: frozenset[str]) -> bool:
    return declared.shares_processes and _guarded(declared, hooks)


def _strong_and_shared(declared: Declared, _: frozenset[str]) -> bool:
    return declared.shares_processes and declared.traits.strong


def _surviving(declared: Declared, _: frozenset[str]) -> bool:
    return declared.traits.survives_restart


def _short_ids(declared: Declared, _: frozenset[str]) -> bool:
    return declared.traits.max_id < MAX_ID


_SUITES: Final[dict[type, Condition]] = {
    records.RecordsSuite: _has(),
    records.LongestIdSuite: _short_ids,
    records.LargestDocumentSuite: _limited(),
    guard.GuardSuite: _has(),
    guard.GuardedExpirySuite: _expiring(),
    expiry.ExpirySuite: _expiring(),
    lifecycle.LifecycleSuite: _has(),
    lifecycle.SharedSuite: _strong_and_shared,
    lifecycle.SurvivalSuite: _surviving,
    races.ThreadsSuite: _guarded,
    races.ProcessesSuite: _guarded_and_shared,
    strangers.PlainWriterSuite: _hooked("write_plain"),
    strangers.DamageSuite: _hooked("damage"),
    strangers.DamageListsSuite: _hooked("damage", "Lists"),
    strangers.DamageQueriesSuite: _hooked("damage", "Queries"),
    strangers.DamageBatchesSuite: _hooked("damage", "Batches"),
    batches.BatchesSuite: _has("Batches"),
    batches.BatchesExpirySuite: _expiring("Batches"),
    batches.BatchesLimitSuite: _limited("Batches"),
    remembers.RemembersSuite: _expiring("Remembers"),
    keeps.KeepsSuite: _has("Keeps"),
    keeps.KeepsExpirySuite: _expiring("Keeps"),
    keeps.SwapsSuite: _has("Keeps", "Swaps"),
    keeps.SharedKeepsSuite: _shared("Keeps"),
    keeps.SharedSwapsSuite: _shared("Keeps", "Swaps"),
    lists.ListsSuite: _has("Lists"),
    lists.ListsExpirySuite: _expiring("Lists"),
    lists.NamesSuite: _has("Lists", "Keeps"),
    queries.QueriesSuite: _has("Queries"),
    queries.QueriesExpirySuite: _expiring("Queries"),
    purges.PurgesSuite: _has("Purges"),
    purges.PurgesKeptSuite: _has("Purges", "Keeps"),
    purges.PurgesRememberedSuite: _has("Purges", "Remembers"),
    listens.ListensSuite: _has("Listens"),
    listens.ListensBatchesSuite: _has("Listens", "Batches"),
    listens.ListensJoinsSuite: _has("Listens", "Joins"),
    listens.SharedListensSuite: _shared("Listens"),
    joins.JoinsSuite: _has("Joins"),
    join_claims.JoinGuardSuite: _has("Joins"),
    join_claims.JoinClaimsSuite: _has("Joins"),
    join_claims.JoinExpirySuite: _expiring("Joins"),
    join_claims.JoinRacesSuite: _has("Joins"),
    join_claims.SharedJoinsSuite: _shared("Joins"),
}
