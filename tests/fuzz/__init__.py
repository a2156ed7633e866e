"""The API tried out by schemathesis: by `make fuzz` over HTTP and by tests/contract through the Lambda seam."""
