"""What a customer's browser opens: sign-in, consent, connected applications, sign-out."""
