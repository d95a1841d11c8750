"""The feature space of the metrics: a small classifier, trained once for each data set and cached."""
