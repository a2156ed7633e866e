"""What runs behind the API: one function per operation, the domain, the storage."""

from handlers import snapshot as snapshot  # whichever function starts
