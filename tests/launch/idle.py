"""A process that waits for the end of its standard input: `python -m tests.launch.idle`."""

import sys

if __name__ == "__main__":
    sys.stdin.read()
