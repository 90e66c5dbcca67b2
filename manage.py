#!/usr/bin/env python
"""Django's command line for this service."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    from django.core.management import execute_from_command_line

    from gateway.environment import BadSetting

    try:
        execute_from_command_line(sys.argv)
    except BadSetting as error:
        sys.stderr.write(f"CommandError: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
