"""Task tokens and the credentials made from them."""
