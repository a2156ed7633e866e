"""The command `trading-journal`: imports files of brokers, takes imports back, exports a journal and restores one.

Written by hand, as the session is. It needs no more than the client: httpx, and Python's own library. Its requests are
documents, not the client's generated operations: those refuse values that the API adds to an enumeration later, and the
command is to work with an API that is newer than itself.
"""
