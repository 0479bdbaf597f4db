"""One file per format: how it is recognised, taken apart and looked through."""
