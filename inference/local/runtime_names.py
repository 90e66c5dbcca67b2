"""What the runtimes are called: in options, reports and records."""

from typing import Final

MLX: Final = "mlx"
LLAMA_CPP: Final = "llama_cpp"
