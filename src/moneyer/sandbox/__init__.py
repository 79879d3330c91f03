"""A bank to try things on: institutions, applications and customers, made up and ready."""
