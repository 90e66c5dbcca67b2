"""What the launcher prints once the service answers."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Welcome:
    """Where things are. Password and key are empty after the first run: they are shown once."""

    url: str
    username: str
    password: str
    api_key: str
    model: str
    """A model to try; empty when the service runs without the local one."""
    fallback: str = ""
    """What happens when no target answers, in a sentence."""
    hint: str = ""
    """What would make it better, in a sentence."""

    def text(self) -> str:
        lines = ["", f"Pointsman is ready at {self.url}", ""]
        lines.append(f"  Admin     {self.url}/admin/")
        if self.password:
            lines.append(f"            user {self.username}, password {self.password}")
        else:
            lines.append(
                f"            user {self.username}; a new password: "
                f".venv/bin/python manage.py changepassword {self.username}"
            )
        if self.api_key:
            lines.append(f"  API key   {self.api_key}")
            lines.append("            shown once: keep it")
        else:
            lines.append(
                "  API key   shown at the first run; another: "
                ".venv/bin/python manage.py create_api_key NAME --scopes inference"
            )
        lines.append(f"  API docs  {self.url}/api/docs")
        for sentence in (self.fallback, self.hint):
            lines += ["", textwrap.fill(sentence, 78)] if sentence else []
        lines += ["", "Try it:", "", *self._curl(), "", "Ctrl-C stops everything.", ""]
        return "\n".join(lines)

    def secrets(self) -> str:
        """Password and key alone; empty when neither was made by this run."""
        if not (self.password or self.api_key):
            return ""
        return (
            f"Made all the same, and not shown again: the admin user {self.username} with the "
            f"password {self.password}, and the API key {self.api_key}\n"
        )

    def _curl(self) -> list[str]:
        key = self.api_key or "$POINTSMAN_API_KEY"
        # A shell puts variables in between double quotes alone.
        quote = "'" if self.api_key else '"'
        if not self.model:
            return [f"  curl {self.url}/v1/models -H {quote}Authorization: Bearer {key}{quote}"]
        body = json.dumps(
            {
                "model": self.model,
                "stream": True,
                "temperature": 0,
                "messages": [{"role": "user", "content": "What is the capital of France?"}],
            }
        )
        return [
            f"  curl -N {self.url}/v1/chat/completions \\",
            f"    -H {quote}Authorization: Bearer {key}{quote} \\",
            "    -H 'Content-Type: application/json' \\",
            f"    -d '{body}'",
        ]
