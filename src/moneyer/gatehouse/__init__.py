"""The guard as a process of its own: proxies ask it about each call (nginx, Envoy, Traefik)."""
