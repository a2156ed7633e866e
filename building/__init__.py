"""Packaging: builds each function's artifact and the dependency layer with only what the functions load."""
