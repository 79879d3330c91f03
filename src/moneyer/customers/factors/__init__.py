"""What a customer proves beside a password: codes from an app, recovery codes, passkeys."""
