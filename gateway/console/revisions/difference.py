"""Changes of the configuration as pages show them: in words first, then line by line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from governance.services import REVERTIBLE, Difference

PAGE_LENGTH: Final = 25
"""Things: an import may change thousands in one revision."""
OPENER: Final = "cursor-pointer font-medium text-primary-700 dark:text-primary-300"


class CompareForm(forms.Form):
    """Two numbers of revisions."""

    field_order = ("from", "to")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name, label in (("from", gettext("From revision")), ("to", gettext("To revision"))):
            self.fields[name] = forms.IntegerField(
                label=label, min_value=1, max_value=2**63 - 1, widget=UnfoldAdminIntegerFieldWidget
            )


def page_of(
    request: HttpRequest, found: Sequence[Difference], version: int | None = None
) -> dict[str, Any]:
    """What `differences.html` shows of them: the page that `p` asks for."""
    changes = Paginator(found, PAGE_LENGTH).get_page(request.GET.get("p"))
    return {"changes": changes, "differences": drawn(changes.object_list, version)}


def drawn(found: Iterable[Difference], version: int | None = None) -> SafeString:
    """Every thing with its changes; of one revision, with the way to take back this alone."""
    return format_html_join("\n", "{}", ((_thing(one, version),) for one in found))


def _way_back(one: Difference, version: int | None) -> SafeString | str:
    if version is None or one.before is None or one.kind not in REVERTIBLE:
        return ""
    query = urlencode({"kind": one.kind, "id": one.id})
    link = f"{reverse('admin:governance_revision_revert', args=(version - 1,))}?{query}"
    words = _("Take back only this …")
    return format_html('<p><a class="underline" href="{}">{}</a></p>', link, words)


def _thing(one: Difference, version: int | None) -> SafeString:
    kind = capfirst(gettext(one.kind))
    phrases = format_html_join("", "<li>{}</li>", ((words,) for words in one.words))
    listed = format_html('<ul class="list-disc ml-5">{}</ul>', phrases) if phrases else ""
    return format_html(
        '<section class="mb-4"><h2 class="font-semibold">{} “{}” {}</h2>{}{}'
        '<details><summary class="{}">{}</summary>{}</details></section>',
        *(
            kind,
            one.name,
            gettext(one.verb),
            listed,
            _way_back(one, version),
            OPENER,
            gettext("Line by line"),
            unified(one.before, one.after),
        ),
    )


def unified(before: Any, after: Any) -> SafeString:
    """What became of a document, line by line; None where there was none."""
    lines = list(difflib.unified_diff(_lines(before), _lines(after), n=3, lineterm=""))[2:]
    tones = {"+": "text-green-700 dark:text-green-400", "-": "text-red-700 dark:text-red-400"}
    alike = groupby(lines, lambda line: tones.get(line[:1], ""))
    told = format_html_join(
        "\n", '<span class="{}">{}</span>', ((tone, "\n".join(some)) for tone, some in alike)
    )
    return format_html('<pre class="overflow-x-auto text-xs" tabindex="0">{}</pre>', told)


def _lines(document: Any) -> list[str]:
    if document is None:
        return []
    return json.dumps(document, indent=2, ensure_ascii=False).splitlines()
