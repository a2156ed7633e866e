"""What runs behind the API: one function per operation, the domain, the storage."""

import gc
import os

from handlers import snapshot as snapshot  # whichever function starts

# At its first model, pydantic would look for plugins in all distributions that are installed. None has any.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# Importing makes objects by the hundred thousand and next to no garbage: to look for it after every 700 of them is an
# eighth of a start (benchmarks/README.md).
gc.set_threshold(50_000)
