"""What happens while a model trains: one file and one YAML each, composed as a dict, any of them switched off by name.

``train.py callbacks.samples=null`` trains without sample grids. A callback writes into the run folder, which is the
trainer's ``default_root_dir``, from the first process only.
"""
