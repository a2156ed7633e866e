"""The entry points: what Lambda calls for requests of the HTTP API, messages of queues and records of streams.

The first import turns garbage collection off, before anything else is imported.
"""

from handlers.entry import runtime as runtime
