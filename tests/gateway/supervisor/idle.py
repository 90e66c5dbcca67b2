"""A process that waits for the end of its standard input, as a module to start."""

import sys

if __name__ == "__main__":
    sys.stdin.read()
