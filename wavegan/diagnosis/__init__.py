"""What is wrong with audio files, and which front-end made a mel."""
