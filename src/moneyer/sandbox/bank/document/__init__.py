"""The bank's calls described: as an OpenAPI document, and as a page to read."""
