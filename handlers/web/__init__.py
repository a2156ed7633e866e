"""The HTTP side of the API: validation of requests against the contract, problem documents, public documents."""
