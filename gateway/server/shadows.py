"""The copies of this process's requests that go to the shadows of profiles."""

from __future__ import annotations

from gateway.server.health_book import book, rng
from gateway.server.limiting import limiting
from inference.dispatch.shadow import Shadows

shadows = Shadows(book, rng, limiting)
