"""Weights of other projects, read as this package's; a file for each layout."""
