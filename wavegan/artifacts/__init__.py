"""Detectors of what is wrong with a clip by itself, one public class a file."""
