"""Messages of the rules stand at their field, in the words that people see there."""

from __future__ import annotations

import pytest
from django import forms

from gateway.console.forms.document_form import labelled, place
from governance.routing.fields import Problem


class _Form(forms.Form):
    name = forms.CharField(label="Name", required=False)
    base_url = forms.CharField(label="Base URL", required=False)
    virtual_provider = forms.CharField(label="Prefix", required=False)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("name is required.", "Name is required."),
        ("base_url must name a host.", "Base URL must name a host."),
        (
            'Another routing profile already has the virtual_provider "base_url".',
            'Another routing profile already has the Prefix "base_url".',
        ),
        ("A name must not be long.", "A name must not be long."),
        ("unheard_of must be a number.", "unheard_of must be a number."),
        ('"name" is no such thing.', '"name" is no such thing.'),
    ],
)
def test_a_message_names_fields_by_their_labels(said: str, shown: str) -> None:
    assert labelled(_Form({}), said, "name") == shown


def test_a_message_stands_at_its_field() -> None:
    form = _Form({})
    place(form, Problem("base_url", "required", "base_url is required for the kind “x”."))
    assert form.errors == {"base_url": ["Base URL is required for the kind “x”."]}
