"""What the REST API answers, byte for byte.

A scenario is a list of requests, given as data in `scenarios`. Its answers are kept in `answers`,
a file for each scenario. `python -m tests.golden.record` writes these files anew.
"""
