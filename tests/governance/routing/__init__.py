"""The pure routing core."""
