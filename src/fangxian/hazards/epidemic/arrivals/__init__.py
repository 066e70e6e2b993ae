"""Who comes from abroad or from risk areas, or was exposed: from declaration to release, held by
somebody at every minute. What the measures are is in regimes; who met whom is in tracing."""
