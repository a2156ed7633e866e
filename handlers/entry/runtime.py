"""How a function starts: garbage collection is off while modules are imported.

Importing allocates some 100 000 objects and frees almost none of them; collections meanwhile take a tenth of a cold
start (benchmarks/README.md). `ready` freezes the imported objects, so that later collections scan only the objects that
requests make.
"""

import gc
import os

from handlers.entry import snapshot as snapshot  # registers its hook in every function

# Otherwise pydantic searches all installed distributions for plugins when it builds its first model. None has any.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

gc.disable()


def ready() -> None:
    """Freeze what is imported and turn garbage collection on again. Each entry module calls this last."""
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()
