"""Several tasks, some of which fail, joined in a report that is made once all are finished."""

from upshot import App, Failure, Success, chord

PRICES = {"apple": 3, "pear": 4}

app = App("chord_report")


@app.task
def price(article: str) -> int:
    """Return the price of an article."""
    if article not in PRICES:
        raise LookupError(f"no such article: {article}")
    return PRICES[article]


@app.task
def report(outcomes: list[Success[int] | Failure]) -> list[str]:
    """Return the lines of the report; with "collect" a failed member does not stop it."""
    prices = [each.value for each in outcomes if isinstance(each, Success)]
    errors = [str(each.error) for each in outcomes if isinstance(each, Failure)]
    return [
        f"{len(prices)} read, {sum(prices)} in all",
        f"{len(errors)} failed",
        *(f"  {error}" for error in errors),
    ]


def main() -> None:
    """Ask three prices at once and print the report."""
    members = [price.s(name) for name in ("apple", "plum", "pear")]
    result = chord(members, report.s(), on_error="collect")()
    for line in result.get(timeout=10):
        print(line)


if __name__ == "__main__":
    main()
