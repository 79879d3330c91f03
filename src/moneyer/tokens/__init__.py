"""What is struck here: access tokens, refresh families, codes, id_tokens."""
