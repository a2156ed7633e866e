"""The embedded AWS: `make run` and the end-to-end tests deploy the real template to it. None of it is deployed."""
