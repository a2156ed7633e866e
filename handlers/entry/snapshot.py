"""What must differ between functions that wake up from one snapshot of their initialization (Lambda's SnapStart).

Only Python's pseudo-random numbers: they choose marks and spread retries, and from one seed all would choose alike.
Ids come from the operating system's randomness, which a snapshot does not hold. Connections are opened, and the secret
of page tokens is read, by requests alone. Credentials carry an expiry there, after which botocore fetches new ones.
"""

import random

try:
    from snapshot_restore_py import register_after_restore
except ImportError:  # brought by Lambda's own runtimes from Python 3.12 on, and by nothing else
    pass
else:
    register_after_restore(random.seed)
