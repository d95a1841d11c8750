"""What is said of data, of runs and of sweeps: facts, tables and pictures, which jobs write to files and pages show."""
