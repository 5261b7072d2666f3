"""A task, its result, and its error; read again through nothing but the id."""

from upshot import App, AsyncResult

app = App("first_results")


@app.task
def divide(whole: float, parts: float) -> float:
    """Return one part of the whole."""
    return whole / parts


def main() -> None:
    """Send two tasks and look at what they came to."""
    good = divide.delay(42, 6)
    print(f"{good.get(timeout=10):g} {good.state}")

    # Any process that knows the id can do this, now or tomorrow.
    again: AsyncResult[float] = AsyncResult(good.id)
    print(f"read again by its id: {again.get():g}")

    bad = divide.delay(42, 0)
    try:
        bad.get(timeout=10)
    except ZeroDivisionError as error:
        print(f"{bad.state}: {error}")

    good.forget()
    bad.forget()


if __name__ == "__main__":
    main()
