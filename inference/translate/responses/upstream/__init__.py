"""How providers of the Responses API are spoken to for callers of other protocols."""
