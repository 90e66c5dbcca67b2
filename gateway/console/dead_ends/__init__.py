"""No page of the console ends a way: what cannot be shown says why, and where to go on."""
