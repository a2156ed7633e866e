"""Statistics: the entries that trades make on calendar days, and the figures that are folded from them."""
