"""What is measured: each file a measure, as plain functions over features and one class that a configuration names."""
