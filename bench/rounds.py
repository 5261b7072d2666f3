"""Interleaved rounds: every contender in every round, medians, and ratios within one run."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import final

Work = Callable[[], int]


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scenario came to.

    Attributes:
        title: the scenario.
        rates: operations a second of each round, by contender.
    """

    title: str
    rates: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """Return the median rate of the contender *name*, in operations a second."""
        return median(self.rates[name])

    def ratio(self, of: str, to: str) -> float:
        """Return the median of the rounds' own ratios of *of* to *to*."""
        pairs = zip(self.rates[of], self.rates[to], strict=True)
        return median(one / other for one, other in pairs)


def measure(title: str, works: Mapping[str, Work], rounds: int) -> Outcome:
    """Run every work once in each round, the order turning, after one round that does not count.

    Args:
        title: the scenario.
        works: by contender, a function that does its operations and returns how many.
        rounds: how many rounds count.
    """
    rates: dict[str, list[float]] = {name: [] for name in works}
    names = list(works)
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            began = time.perf_counter()
            done = works[name]()
            took = time.perf_counter() - began
            if number:
                rates[name].append(done / took)
    return Outcome(title, rates)


def report(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as a table in Markdown: medians with their range, and ratios."""
    lines = [
        "| Scenario | upshot | Celery | raw driver | against Celery | against raw |",
        "|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        rates = [
            f"{outcome.median(name):,.0f}/s "
            f"({min(outcome.rates[name]):,.0f}-{max(outcome.rates[name]):,.0f})"
            for name in ("upshot", "celery", "raw")
        ]
        ratios = [f"{outcome.ratio('upshot', name):.2f}x" for name in ("celery", "raw")]
        lines.append(f"| {outcome.title} | " + " | ".join(rates + ratios) + " |")
    return "\n".join(lines)
