"""Paths of the desk, under those of the admin."""

from django.urls import path

from gateway.desk import engine

app_name = "desk"
urlpatterns = [
    path("engine/", engine.show, name="engine"),
    path("engine/state", engine.state, name="engine-state"),
    path("engine/load", engine.load, name="engine-load"),
    path("engine/unload", engine.unload, name="engine-unload"),
]
