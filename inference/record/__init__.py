"""Writing down what happened, behind the requests: each leaves a line and goes on.

A thread appends the lines to the JSONL log and hands them to a second thread that inserts rows.
Each stage is bounded and counts what it drops.
"""
