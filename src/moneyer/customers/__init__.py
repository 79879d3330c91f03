"""The banks' customers, and how their passwords are checked."""
