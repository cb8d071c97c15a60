"""Read the weights of other projects, one file per layout."""
