"""Facts of models as operators type them: a line each, in words."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext

from gateway.console.forms.fields import ProseField
from governance.routing.model_facts import CAPABILITIES
from governance.whole_number import whole_number

_NUMBERS: Final = {"context": "context_length", "output": "max_output_tokens"}


class FactLinesField(ProseField):
    """`gpt-oss-*: context 131072, output 32768, text, tools` a line each."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(line_of, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[dict[str, Any]]:
        lines = (line.strip() for line in self.to_python(value).split("\n"))
        return [_read(line) for line in lines if line]

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or []) != self.clean(data))
        except forms.ValidationError:
            return True


def line_of(facts: dict[str, Any]) -> str:
    """What is said of one model, as it is typed."""
    said = [f"{word} {facts[name]}" for word, name in _NUMBERS.items() if facts.get(name)]
    said += facts.get("capabilities") or []
    return f"{facts['model']}: {', '.join(said)}"


def _read(line: str) -> dict[str, Any]:
    # Names of models hold colons too (`llama3:8b`), so the last one that a space follows counts.
    model, colon, said = line.rpartition(": ")
    if not colon:
        raise forms.ValidationError(
            gettext(
                "“%(line)s” must be a model, a colon and what is known of it: gpt-oss-*: "
                "context 131072, output 32768, text, tools"
            )
            % {"line": line}
        )
    found: dict[str, Any] = {"model": model.strip()}
    for part in filter(None, (one.strip() for one in said.split(","))):
        word, _, number = part.partition(" ")
        tokens = whole_number(number.replace("_", ""))
        if word in _NUMBERS and tokens is not None:
            found[_NUMBERS[word]] = tokens
        elif part in CAPABILITIES:
            found.setdefault("capabilities", []).append(part)
        else:
            known = ", ".join(CAPABILITIES)
            raise forms.ValidationError(
                gettext(
                    "“%(part)s” is not understood: say context and output with a number "
                    "of tokens, and any of %(known)s."
                )
                % {"part": part, "known": known}
            )
    return found
