"""Parts of the source-filter generator."""
