"""A viewset a noun; what they do is in `governance.services`."""
