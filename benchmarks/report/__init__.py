"""What was measured, judged and written down."""
