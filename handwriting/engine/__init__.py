"""The engine: an experiment built from a configuration, trained, resumed and evaluated."""
