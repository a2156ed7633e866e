"""Starts and warm requests of the product and of its peers, each in a process of its own."""
