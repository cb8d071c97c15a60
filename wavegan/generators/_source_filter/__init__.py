"""What the source-filter generator is made of, and nothing else uses."""
