"""Loading: batches from memory, and the one DataModule."""
