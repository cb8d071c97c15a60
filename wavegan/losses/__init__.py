"""Reconstruction losses between waveforms, one public class per file."""
