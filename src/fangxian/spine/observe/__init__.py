"""What is reported: stations, series, observations, intake."""
