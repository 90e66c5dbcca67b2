"""What is looked up once is what would have been found each time."""

from __future__ import annotations

from gettext import GNUTranslations
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils.translation import gettext, override
from django.utils.translation.trans_real import translation


def test_texts_are_those_of_the_catalogue() -> None:
    for language in ("de", "ar", "en-gb"):
        with override(language):
            for text in ("Delete", "Home", "no text of anybody", ""):
                assert gettext(text) == gettext(text)
                if text:
                    assert gettext(text) == GNUTranslations.gettext(translation(language), text)
    with override("de"):
        assert gettext("Delete") == "L\u00f6schen"
    with override("en-gb"):
        assert gettext("Delete") == "Delete"


def test_pages_are_listed_once_a_request(rf: RequestFactory, monkeypatch: Any) -> None:
    asked: list[Any] = []

    def counted(site: AdminSite, request: Any, label: Any = None) -> Any:
        asked.append(request)
        return {}

    monkeypatch.setattr(AdminSite, "_build_app_dict", counted)
    for _ in range(2):
        request = rf.get("/admin/")
        request.user = AnonymousUser()
        assert admin.site.get_app_list(request) == []
        assert admin.site.get_app_list(request) is admin.site.get_app_list(request)
    assert len(asked) == 2, "another request may be that of somebody else"
