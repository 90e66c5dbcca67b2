"""The node's collector: follows the log of finished requests and makes everything else of it.

One process for each node (`manage.py collect`). `recording`, `metrics` and `status` are the web
process's side; everything else runs in the collector, which imports as little as possible.
"""
