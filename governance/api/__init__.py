"""The REST API of what operators decide. Shapes and paths only: the services keep the rules."""
