"""The embedded store: SQLite in WAL mode, every commit on disk before it is acknowledged."""
