"""Which target answered a session last, for one process."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from governance.routing.sessions import Served
from inference.values.health_news import ServedSession

PER_KEY: Final = 1000
"""Sessions of one API key: their names are its callers' choice."""
KEYS: Final = 1000
NEWS: Final = 1000
"""Sessions that wait to be told to other processes."""
KEPT: Final = 3600.0
"""Seconds after which a session is over."""


class SessionBook:
    """Least recently used sessions are forgotten first."""

    __slots__ = ("_clock", "_keys", "news")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._keys: OrderedDict[str, OrderedDict[str, tuple[Served, float]]] = OrderedDict()
        self.news: deque[ServedSession] = deque(maxlen=NEWS)
        """Sessions that another target answers than before, for the node's other processes."""

    def served(self, session: str) -> Served | None:
        sessions = self._keys.get(_key_of(session))
        found = None if sessions is None else sessions.get(session)
        if found is None or self._clock() - found[1] > KEPT:
            return None
        return found[0]

    def note(self, session: str, provider: str, model: str) -> None:
        """The target has answered the session."""
        now = self._clock()
        known = self.served(session)
        same = known is not None and known[:2] == (provider, model)
        if known is not None and same:
            self._put(session, known)
            return
        self._put(session, Served(provider, model, now))
        self.news.append(ServedSession(session, provider, model, now))

    def hear(self, one: ServedSession) -> None:
        """Another process's session; what was seen here since counts more."""
        known = self.served(one.session)
        if known is None or known.since < one.at:
            if one.provider:
                self._put(one.session, Served(one.provider, one.model, one.at))
            else:
                self._drop(one.session)

    def _put(self, session: str, entry: Served) -> None:
        now = self._clock()
        key = _key_of(session)
        sessions = self._keys.get(key)
        if sessions is None:
            sessions = self._keys[key] = OrderedDict()
            if len(self._keys) > KEYS:
                self._keys.popitem(last=False)
        sessions[session] = (entry, now)
        sessions.move_to_end(session)
        self._keys.move_to_end(key)
        if len(sessions) > PER_KEY:
            sessions.popitem(last=False)

    def forget(self, session: str) -> None:
        """The session is back at its first choice, which needs no entry."""
        if self._drop(session):
            self.news.append(ServedSession(session, "", "", self._clock()))

    def _drop(self, session: str) -> bool:
        sessions = self._keys.get(_key_of(session))
        return sessions is not None and sessions.pop(session, None) is not None

    def __len__(self) -> int:
        return sum(map(len, self._keys.values()))


def _key_of(session: str) -> str:
    return session.partition("\n")[0]
