"""`python -m tlteach` is the `tlteach` command."""

import sys

from tlteach.cli import main

if __name__ == "__main__":
    sys.exit(main())
