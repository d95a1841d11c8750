"""Plain ``nn.Module`` networks, chosen by name: what turns vectors into images and images into vectors.

Every network is layers in words (:mod:`handwriting.networks.layers`), which a configuration gives (``network=layers``)
or a recipe writes (``conv``, ``mlp``), and which :class:`~handwriting.networks.stack.Stack` builds.
"""
