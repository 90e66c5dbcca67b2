"""The engine's own command line, with fake workers."""

import sys

from inference.local.engine.__main__ import main
from tests.inference.local.engine.world import FAKE_WORKER

if __name__ == "__main__":
    sys.exit(main(worker_command=FAKE_WORKER))
