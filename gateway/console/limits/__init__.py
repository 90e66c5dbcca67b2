"""Groups, limits and prices: who may use how much, and what it costs."""
