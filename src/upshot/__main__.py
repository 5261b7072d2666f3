"""`python -m upshot` is the `upshot` command."""

import sys

from upshot.cli import main

if __name__ == "__main__":
    sys.exit(main())
