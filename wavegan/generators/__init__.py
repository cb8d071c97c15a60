"""Networks that end in a waveform, one public class a file."""
