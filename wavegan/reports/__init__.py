"""Offline HTML pages about runs and folders of clips."""
