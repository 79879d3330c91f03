"""What a customer's accounts and the past year of their transactions are, grown from a seed."""
