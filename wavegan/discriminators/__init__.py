"""Judges of waveforms, one public class a file."""
