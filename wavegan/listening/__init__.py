"""Blind listening tests: build the page and score the results."""
