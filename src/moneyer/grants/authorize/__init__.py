"""Authorization requests: what was asked, what is still missing, what is granted."""
