"""Every caller's protocol on every upstream's: pure functions from bytes to bytes.

Chat completions are the hub. A folder a protocol: its schema, how its callers' requests become
chat completions and answers come back (`caller`), how it is spoken to as an upstream (`upstream`),
and what passes through where both sides speak it. `via` composes the halves, `registry` finds them.
"""
