"""LightningModules: one base, two families (variational and adversarial), then one short file a model.

A model is a keyword-only dataclass: its fields are its configuration keys, its checkpoint's hyperparameters, and with
their type hints all that is checked before it is built.
"""
