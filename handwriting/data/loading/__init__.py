"""Loading: settings, batches from memory, and the DataModule."""
