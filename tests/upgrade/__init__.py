"""What an installation of an earlier version kept, and that this version keeps it.

`state-b628ebc` was written by `python -m tests.upgrade.record`, run on that version.
"""
