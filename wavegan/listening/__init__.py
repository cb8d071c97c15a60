"""Blind listening tests: the page, and what its results say."""
