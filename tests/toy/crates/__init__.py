"""Crates of imported cold goods: the example of docs/adding-a-subject.md."""
