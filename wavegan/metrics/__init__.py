"""Numbers that say how good a clip is, one public class a file."""
