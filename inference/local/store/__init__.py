"""The models folder: what its files say of themselves, and how models come and go.

Nothing here loads weights or imports a runtime.
"""
