"""The grants: one file each, with its parameters, its checks in order, and what it issues."""
