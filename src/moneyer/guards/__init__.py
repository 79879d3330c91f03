"""What stands between a guesser and an account."""
