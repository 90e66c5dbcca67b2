"""Paths of the console, under those of the admin."""

from django.urls import path

from gateway.console.alerts import admin as alerts
from gateway.console.as_curl import views as as_curl
from gateway.console.dashboard import views as dashboard
from gateway.console.engine import views as engine
from gateway.console.exchange import views as exchange
from gateway.console.help import views as help_pages
from gateway.console.interactions import views as interactions
from gateway.console.limits import replay as limit_replay
from gateway.console.own_keys import views as own_keys
from gateway.console.people import invitation, ways_in
from gateway.console.playground import kept
from gateway.console.playground import views as playground
from gateway.console.providers import (
    connection_copy,
    connection_health,
    connection_views,
    override,
    repairs,
)
from gateway.console.rehearsal import views as rehearsal
from gateway.console.search import everything, picks, switching
from gateway.console.sign_in import sessions
from gateway.console.theme import catalogue
from gateway.console.usage import views as usage

app_name = "console"
urlpatterns = [
    path("jsi18n", catalogue.show, name="jsi18n"),
    path("dashboard", dashboard.live, name="dashboard"),
    path("exchange/", exchange.show, name="exchange"),
    path("engine/", engine.show, name="engine"),
    path("engine/state", engine.state, name="engine-state"),
    path("engine/load", engine.load, name="engine-load"),
    path("engine/unload", engine.unload, name="engine-unload"),
    path("engine/add", engine.add, name="engine-add"),
    path("engine/remove", engine.remove, name="engine-remove"),
    path("engine/default", engine.default, name="engine-default"),
    path("interactions/summary", interactions.summed, name="interactions-summary"),
    path("interactions/tail", interactions.tail, name="interactions-tail"),
    path("interactions/<int:pk>/panel", interactions.panel, name="interactions-panel"),
    path("interactions/facet/<slug:name>", interactions.facet, name="interactions-facet"),
    path(
        "interactions/export.<str:kind>",
        interactions.export,
        name="interactions-export",
    ),
    path("interactions/sessions/", interactions.sessions, name="sessions-of-callers"),
    path("interactions/session", interactions.session, name="session"),
    path("playground/", playground.show, name="playground"),
    path("playground/models", playground.models, name="playground-models"),
    path("playground/kept/<int:pk>", kept.kept, name="playground-kept"),
    path("playground/code", playground.code, name="playground-code"),
    path("playground/send", playground.send, name="playground-send"),
    path("connection/try", connection_views.attempt, name="connection-try"),
    path("connection/<int:pk>/", connection_views.page_of, name="connection"),
    path("connection/<int:pk>/health", connection_health.health, name="connection-health"),
    path("connection/<int:pk>/test", connection_views.test, name="connection-test"),
    path("connection/<int:pk>/models", connection_views.models, name="connection-models"),
    path("connection/<int:pk>/keep", connection_views.keep, name="connection-keep"),
    path("connection/<int:pk>/copy", connection_copy.copy, name="connection-copy"),
    path("limits/replay", limit_replay.replayed, name="limit-replay"),
    path("alerts/<int:pk>/test", alerts.test, name="alert-test"),
    path("own-keys/", own_keys.show, name="own-keys"),
    path("own-keys/create", own_keys.create, name="own-key-create"),
    path("own-keys/<str:key_id>/rotate", own_keys.rotate, name="own-key-rotate"),
    path("own-keys/<str:key_id>/delete", own_keys.delete, name="own-key-delete"),
    path("help/", help_pages.show, name="help"),
    path("help/images/<str:name>", help_pages.image, name="help-image"),
    path("help/<path:name>", help_pages.show, name="help-page"),
    path("curl/<slug:model>", as_curl.written, name="as-curl"),
    path("pick/<slug:kind>", picks.pick, name="pick"),
    path("search/", everything.search, name="search"),
    path("search/do", switching.ask, name="search-do"),
    path("usage/", usage.show, name="usage"),
    path("people/<int:pk>/ways-in/remove", ways_in.remove, name="way-in-remove"),
    path("people/<int:pk>/invite", invitation.again, name="invite"),
    path("sessions/", sessions.show, name="sessions"),
    path("sessions/end", sessions.end, name="session-end"),
    path("connection/<int:pk>/override", override.change, name="connection-override"),
    path("connection/<int:pk>/repairs", repairs.reset, name="connection-repairs-reset"),
    path("rehearse", rehearsal.rehearsal, name="rehearse"),
    path("replay", rehearsal.replayed, name="replay"),
]
