"""The playground: a request as a caller would send it, with everything behind the answer."""
