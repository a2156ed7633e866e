"""The journal's objects as the JSON documents of the contract. What each field is called there is said here alone."""
