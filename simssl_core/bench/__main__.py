"""``python -m simssl_core.bench``: the benchmark without the other commands."""

import sys

from simssl_core.bench import main

if __name__ == "__main__":
    sys.exit(main())
