"""Reconstruction losses over waveforms, one public class a file."""
