"""The engine: one process that starts, watches, proxies to and ends the MLX workers.

It never imports MLX itself: a native abort or an exhausted GPU ends a worker, never the engine.
"""
