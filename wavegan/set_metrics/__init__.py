"""Metrics that compare a set of generated clips with a set of real ones, by their embeddings."""
