"""Metrics: each file has one metric as plain functions over features, and the class that a configuration names."""
