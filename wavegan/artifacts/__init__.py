"""Detectors of artifacts in a clip, without a reference; one public class per file."""
