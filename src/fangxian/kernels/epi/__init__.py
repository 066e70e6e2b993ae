"""Epidemic surveillance as numbers: detectors, reproduction number, scan, nowcast, forecast.

Arrays in, new arrays out. ``fangxian.kernels.epi.registry.METHODS`` lists the detectors;
``docs/methods/`` has a page for each."""
