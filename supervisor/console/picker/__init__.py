"""The scope picker: what each scope lets happen, its parameters, and what this host can enforce."""
