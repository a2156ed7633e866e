"""The operations of the contract, a module for each tag and a function for each operation.

An operation parses its request, calls a use case and builds the answer.
"""
