"""The HTTP/1.1 front: what stands between the socket and the router (RFC 9110, RFC 9112)."""
