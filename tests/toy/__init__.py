"""The toy subject of docs/adding-a-subject.md."""
