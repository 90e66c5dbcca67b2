"""A process that says again and again that it is alive, as a module to start."""

import os
import sys
import time

if __name__ == "__main__":
    ready = int(sys.argv[sys.argv.index("--ready-fd") + 1])
    while True:
        os.write(ready, b".")
        time.sleep(0.01)
