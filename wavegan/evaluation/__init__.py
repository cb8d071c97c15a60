"""Evaluate folders of clips and models, with floors to read the numbers by."""
