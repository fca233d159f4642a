"""The commands of `valgate`, one file a family. Each works on the database directly; a running server sees it at once."""
