"""Pages about runs and folders of clips that open offline."""
