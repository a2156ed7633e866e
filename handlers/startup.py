"""How a function starts. Each entry module imports this before all that it needs, and says at its end that it is ready.

Importing makes objects by the hundred thousand and next to no garbage: to look for it meanwhile is a tenth of a start
(benchmarks/README.md). Afterwards it is looked for among what requests leave behind, and never among what stays.
"""

import gc
import os

from handlers import snapshot as snapshot  # whichever function starts

# At its first model, pydantic would look for plugins in all distributions that are installed. None has any.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

gc.disable()


def ready() -> None:
    """Everything is imported and built."""
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()
