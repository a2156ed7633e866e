"""What runs behind the API: one function per operation, the domain, the storage."""

import os

from handlers import snapshot as snapshot  # whichever function starts

# At its first model, pydantic would look for plugins in all distributions that are installed. None has any.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
