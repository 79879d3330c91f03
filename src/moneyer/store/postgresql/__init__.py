"""The store for many machines: PostgreSQL, every commit where its cluster promises it to be."""
