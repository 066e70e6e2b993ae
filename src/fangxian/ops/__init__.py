"""Running it: worker, supervisor, gateway simulator, doctor, demo."""
