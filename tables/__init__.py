"""Generators of the data that is shipped inside the package; run by hand, never at run time."""
