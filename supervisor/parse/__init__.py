"""Raw calls to facts: total parsers that return facts or say that they do not understand."""
