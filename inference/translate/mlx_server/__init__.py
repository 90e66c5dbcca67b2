"""`mlx_lm.server`: chat completions behind guards."""
