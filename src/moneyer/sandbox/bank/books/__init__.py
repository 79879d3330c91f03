"""What the bank knows: what has grown from the seed, and every change since, in a journal."""
