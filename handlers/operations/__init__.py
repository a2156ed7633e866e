"""The operations of the contract: one module a tag, one function an operation. Each parses, calls and replies."""
