"""What the rows say about how the service fares, for the operators' first page."""
