"""The standard endpoints of each institution, under its issuer: those that programs call."""
