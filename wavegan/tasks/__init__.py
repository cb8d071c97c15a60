"""Tasks: what a generator takes, and what its output is compared with."""
