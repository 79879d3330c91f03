"""How the same engine is spoken to: a dialect reads and writes; it decides nothing."""
