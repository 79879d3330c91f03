"""What stands behind each URL: a short list of named steps. Here, and above, HTTP is known."""
