"""PURE: typed fields of a JSON object. null counts as absent, as in OpenAI's protocol."""

from typing import Any, NoReturn

from inference.local.generation import InvalidGeneration, Object


def wrong(param: str, rule: str, code: str = "invalid_value") -> NoReturn:
    """Refuse the request: `param` breaks `rule`."""
    raise InvalidGeneration(f"'{param}' {rule}.", param, code)


def number(body: Object, name: str, low: float, high: float, default: float) -> float:
    """A JSON number from `low` to `high`, both included."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        wrong(name, "must be a number", "invalid_type")
    if not low <= value <= high:
        wrong(name, f"must be between {low:g} and {high:g}")
    return float(value)


def integer(body: Object, name: str, low: int, high: int) -> int | None:
    """A whole number from `low` to `high`, both included; None when absent."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        wrong(name, "must be a whole number", "invalid_type")
    if not low <= value <= high:
        wrong(name, f"must be between {low} and {high}")
    return value


def boolean(body: Object, name: str, within: str = "") -> bool:
    """true or false; false when absent. `within` is the path of `body`, for the message."""
    value = body.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        wrong(within + name, "must be true or false", "invalid_type")
    return value


def text(value: Any, param: str) -> str:
    """A string."""
    if not isinstance(value, str):
        wrong(param, "must be a string", "invalid_type")
    return value


def mapping(value: Any, param: str) -> Object:
    """A JSON object."""
    if not isinstance(value, dict):
        wrong(param, "must be an object", "invalid_type")
    return value


def array(value: Any, param: str) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        wrong(param, "must be an array", "invalid_type")
    return value
