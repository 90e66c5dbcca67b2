"""Writing down what happened, behind the requests: they leave a journey and go on.

A thread turns journeys into records, appends them to the JSONL log and hands them to a second
thread that inserts rows. Each stage is bounded and counts what it drops.
"""
