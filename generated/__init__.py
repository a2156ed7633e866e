"""Made from the contract by `make generate`; never edited."""
