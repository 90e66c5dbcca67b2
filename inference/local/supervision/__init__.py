"""What the engine decides about its workers: pure functions, without process, socket or clock."""
