"""An OpenType font of a person's drawings, which take turns and join as they do on paper."""
