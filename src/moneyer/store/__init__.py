"""Where everything rests: one schema, two engines, one journal."""
