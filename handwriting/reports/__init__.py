"""Reports of data sources, evaluations, runs, sweeps and experiments, which jobs write and the dashboard shows."""
