"""What the parts take, measured: each script can be run again."""
