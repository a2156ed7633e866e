"""Makes functions that resume from the same snapshot of their initialization differ (Lambda's SnapStart).

Only Python's pseudo-random numbers need it: they choose marks and spread retries, and functions with the same seed
would all choose the same. Ids come from the operating system's randomness, which no snapshot holds. Connections and the
secret of page tokens are made by requests, after the snapshot. Credentials have an expiry, after which botocore fetches
new ones.
"""

import random

try:
    from snapshot_restore_py import register_after_restore
except ImportError:  # only Lambda's runtimes from Python 3.12 on have it
    pass
else:
    register_after_restore(random.seed)
