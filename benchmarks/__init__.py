"""Benchmarks of speed and quality; they are not part of the wheel."""
