"""Embeddings: a clip as one vector, so that sets of clips can be compared."""
