"""What a reading means: dated rules, signals, announcements."""
