"""Progress of a run: read its metrics, and say how good it is and what to do."""
