"""That what is compared is the same."""
