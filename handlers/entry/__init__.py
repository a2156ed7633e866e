"""The entry points: the functions that Lambda calls for HTTP requests, messages of queues and records of streams.

The import of `runtime` comes first, since it turns garbage collection off for all later imports.
"""

from handlers.entry import runtime as runtime
