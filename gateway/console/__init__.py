"""The pages of the admin that need more than rows: engine, dashboard, playground, rehearsal.

Views only bring things together; what is said on a page comes from plain values beside them.
"""
