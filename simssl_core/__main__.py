"""``python -m simssl_core``."""

import sys

from simssl_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
