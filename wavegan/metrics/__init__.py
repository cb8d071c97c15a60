"""Metrics of the quality of a clip, one public class per file."""
