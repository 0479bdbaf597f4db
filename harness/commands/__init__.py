"""The commands beside `check`, a file each or for several that belong together, and what they share."""
