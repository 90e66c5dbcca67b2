"""What a change would do before it is made: on one request, and on those of the past."""
