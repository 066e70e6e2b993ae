"""SL 651-2014 telemetry: frames in frame.py, bodies in body.py, our own encoder in encode.py."""
