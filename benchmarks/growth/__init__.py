"""Cost of pages, changes, the rebuild and the export as a journal grows."""
