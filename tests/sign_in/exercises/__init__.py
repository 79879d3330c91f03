"""What the metadata announces, and for each value a function that does it over HTTP."""
