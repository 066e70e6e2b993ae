"""Who must do what by when: responses, orders, hand-over."""
