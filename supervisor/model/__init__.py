"""Values that every part speaks: frozen, closed, free of I/O."""
