"""The rules of what stands beside routing profiles: providers' addresses, keys, rules, mappings.

As in `governance.routing.rules`, each function takes any JSON value, raises nothing, and returns
every problem it finds.
"""
