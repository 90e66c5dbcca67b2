"""What a form would save, as a call of the REST API."""
