"""Embeddings of clips as vectors, to compare sets of clips."""
