"""`manage.py up`: everything a new installation needs, and the processes that serve it."""
