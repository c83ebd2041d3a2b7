"""Services of a cloud that behave: started on loopback, changed by knobs, read by the real clients."""
