"""python -m lower_triangle is lower-triangle."""

import sys

from lower_triangle.cli import main

if __name__ == "__main__":
    sys.exit(main())
