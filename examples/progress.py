"""A long task that says how far it is, and somebody who watches."""

import time
from typing import Any

from upshot import App

app = App("progress")


@app.task(bind=True)
def count(self: Any, to: int) -> int:
    """Count slowly; the task itself comes as first argument because of `bind`."""
    for number in range(to):
        self.update_state("COUNTING", {"at": number, "of": to})
        time.sleep(0.01)
    return to


def main() -> None:
    """Send the task and print every change that is seen."""
    result = count.delay(50)
    seen = None
    while not result.ready():
        record = result.record()
        if record.state == "COUNTING" and record.result != seen:
            seen = record.result
            print(f"{record.state} {seen['at']} of {seen['of']}")
        time.sleep(0.05)
    print(f"done: {result.get()}")


if __name__ == "__main__":
    main()
