"""Files of brokers: their formats, and what their rows say. Knows the journal, and no storage, HTTP or AWS."""
