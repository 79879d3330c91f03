"""What was decided, written down so that no one can change it unseen."""
