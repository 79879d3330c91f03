"""The OAuth clients: who they are, what they may do, and for which institutions."""
