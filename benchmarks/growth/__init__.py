"""What the product takes as a journal grows: pages, changes, the rebuild, the export."""
