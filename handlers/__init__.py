"""What runs behind the API: one function per operation, the domain, the storage."""
