"""The API tried out by schemathesis: by `make fuzz` over HTTP, by tests/contract through Lambda's entry point."""
