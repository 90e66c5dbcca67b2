"""PURE: stop strings, matched on text wherever the borders of tokens fall."""

from inference.values import needles


class Stops:
    """Lets text through until a stop string shows; no part of one is ever let through.

    `matched` is the stop string that ended the text, or None.
    """

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = stops
        self._held = ""
        self.matched: str | None = None

    def feed(self, text: str) -> str:
        """What of the text so far may go out. Nothing more once a stop string was found."""
        if self.matched is not None:
            return ""
        text = self._held + text
        found = needles.first(text, self._stops)
        if found:
            self._held = ""
            index, self.matched = found
            return text[:index]
        keep = len(text) - needles.undecided(text, self._stops)
        self._held = text[keep:]
        return text[:keep]

    def finish(self) -> str:
        """The text still held back, when the answer ends without a stop string."""
        held, self._held = self._held, ""
        return held
