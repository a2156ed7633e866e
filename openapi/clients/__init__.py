"""Clients made from the contract alone; `python -m openapi.clients` builds the two that are kept."""
