"""What a finished request leaves behind: a line of the append-only log, and nothing else.

The node's collector (`gateway.collector`) follows the log and makes everything else of it: rows,
the usage ledger, the documented day files, metrics.
"""
