"""Benchmarks of a running token service, as ratios to what is possible (bench/README.md)."""
