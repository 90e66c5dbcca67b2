"""The playground as an operator uses it."""

from __future__ import annotations

import base64
import json
import re
import time

from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, assert_usable
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json, Sse

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOOLS = json.dumps([{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}])


def test_a_conversation_by_keyboard_alone(page: Page, service: Service) -> None:
    """No click and no focus set by the test: settings, sending, stopping, reading, copying."""
    keys = page.keyboard
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    # A provider of its own: one that failed other tests may be left alone for a while.
    nowhere = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "is_local": True}
    service.api("POST", "providers", {"name": "nowhere", **nowhere})
    targets = [
        {"provider": "nowhere", "model": "gone"},
        {"provider": "fast", "model": "fast-1", "priority": 1},
    ]
    profile = {"name": "Keyboard", "virtual_provider": "keyboard", "targets": targets}
    service.api("POST", "routing-profiles", profile)
    service.says("Bon", "jour", " from upstream")
    page.goto("/admin/playground/")
    expect(page.locator("#play-text")).to_be_focused()
    tab_to(page, "#play-model", back=True)
    keys.type("keyboard/x")
    tab_to(page, "#play-more > summary")
    keys.press("Enter")
    tab_to(page, "#play-system")
    keys.type("Be brief.")
    tab_to(page, "#play-text")
    keys.type("Salut")
    keys.press("Shift+Enter")
    keys.type("again")
    keys.press("Enter")
    expect(page.get_by_text("The answer is complete.")).to_be_visible()
    expect(page.locator("#play-log")).to_contain_text("Bonjour from upstream")
    assert service.upstream.asked[-1].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Salut\nagain"},
    ]
    decision = page.locator("#play-decision")
    expect(decision).to_contain_text("Profile Keyboard (ordered failover)")
    expect(decision.get_by_role("listitem").nth(1)).to_contain_text("fast / fast-1")
    attempts = page.locator("#play-attempts")
    expect(attempts.get_by_role("listitem").nth(0)).to_contain_text("connect failed")
    expect(attempts.get_by_role("listitem").nth(1)).to_contain_text("answered")
    expect(attempts).to_contain_text("First token")
    expect(page.locator("#play-text")).to_be_focused()
    service.says(*["word "] * 200, pause=0.05)
    keys.type("Count")
    keys.press("Enter")
    expect(page.locator("#play-log")).to_contain_text("word word")
    keys.press("Escape")
    expect(page.locator("#play-status")).to_have_text("Stopped.")
    tab_to(page, "summary:text('Raw answer')")
    keys.press("Enter")
    expect(page.locator("#play-raw")).to_contain_text("x-pointsman-fallback: target")
    tab_to(page, "#play-code > summary")
    keys.press("Space")
    expect(page.locator("#play-curl")).to_contain_text("Salut")
    tab_to(page, "[data-copy=play-curl]")
    keys.press("Enter")
    expect(page.locator("#play-status")).to_have_text("Copied.")
    assert "Salut" in page.evaluate("navigator.clipboard.readText()")
    tab_to(page, "#play-new", back=True)
    keys.press("Space")
    expect(page.locator("#play-text")).to_be_focused()
    expect(page.locator("#play-log")).not_to_contain_text("Salut")
    assert_usable(page)


def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """With the tab key alone; what has the focus is seen to have it."""
    wanted = page.locator(selector)
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            seen = "getComputedStyle(one)"
            assert wanted.evaluate(
                f"one => {seen}.outlineStyle !== 'none' || {seen}.boxShadow !== 'none'"
            ), f"{selector} shows no focus"
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{selector} is not reached")


def test_a_second_turn_carries_the_first(page: Page, service: Service) -> None:
    service.says("First answer")
    page.goto("/admin/playground/?model=fast/fast-2")
    say(page, "One")
    service.says("Second answer")
    say(page, "Two")
    expect(page.locator("#play-log")).to_contain_text("Second answer")
    assert [one["content"] for one in service.upstream.asked[-1].body["messages"]] == [
        "One",
        "First answer",
        "Two",
    ]


def test_stop_ends_the_request_upstream_too(page: Page, service: Service) -> None:
    service.says(*["word "] * 200, pause=0.05)
    page.goto("/admin/playground/?model=fast/fast-1")
    page.fill("#play-text", "Count")
    page.keyboard.press("Enter")
    expect(page.locator("#play-log")).to_contain_text("word word")
    page.keyboard.press("Escape")
    expect(page.locator("#play-status")).to_have_text("Stopped.")
    asked, deadline = service.upstream.asked[-1], time.monotonic() + 5
    while asked.left_at is None and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert asked.left_at is not None
    expect(page.locator("#play-stop")).to_be_hidden()


def test_whole_answers_and_anthropics_protocol(page: Page, service: Service) -> None:
    service.upstream.replies[:] = [Json(shapes.completion("In one piece."))]
    page.goto("/admin/playground/?model=fast/fast-1")
    page.locator("#play-stream").uncheck()
    page.select_option("#play-endpoint", "messages")
    say(page, "Hi")
    expect(page.locator("#play-log")).to_contain_text("In one piece.")
    page.locator("#play-stream").check()
    service.says("In ", "many.")
    say(page, "And now?")
    expect(page.locator("#play-log")).to_contain_text("In many.")
    page.get_by_text("Raw answer").click()
    expect(page.locator("#play-raw")).to_contain_text("event: message_stop")


def test_images_reach_the_model(page: Page, service: Service) -> None:
    service.says("A pixel.")
    page.goto("/admin/playground/?model=fast/fast-1")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add image").click()
    chooser.value.set_files(
        [
            {"name": "dot.png", "mimeType": "image/png", "buffer": PIXEL},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no"},
        ]
    )
    expect(page.locator("#play-status")).to_have_text(
        "notes.txt is no PNG, JPEG, GIF or WebP image."
    )
    expect(page.locator("#play-images li")).to_have_count(1)
    say(page, "What is it?")
    text, image = service.upstream.asked[-1].body["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    sent = image["image_url"]["url"]
    assert base64.b64decode(sent.removeprefix("data:image/png;base64,")) == PIXEL


def test_a_tool_is_called_and_answered(page: Page, service: Service) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "get_weather"}}
    begun = {**call, "function": {"name": "get_weather", "arguments": '{"city":'}}
    rest = {"index": 0, "function": {"arguments": ' "Rome"}'}}
    service.upstream.replies[:] = [
        Sse(
            [
                shapes.chunk({"role": "assistant", "tool_calls": [begun]}),
                shapes.chunk({"tool_calls": [rest]}),
                shapes.chunk({}, "tool_calls"),
                shapes.DONE,
            ]
        )
    ]
    page.goto("/admin/playground/?model=fast/fast-1")
    page.get_by_text("More: system prompt").click()
    page.fill("#play-tools", "[{}")
    page.fill("#play-text", "Weather?")
    page.keyboard.press("Enter")
    expect(page.locator("#play-tools-error")).to_be_visible()
    page.fill("#play-tools", TOOLS)
    page.fill("#play-system", "Be brief.")
    say(page, "Weather?")
    expect(page.locator("#play-log")).to_contain_text("Calls get_weather")
    expect(page.locator("#play-log")).to_contain_text('"city": "Rome"')
    service.says("Sunny.")
    page.get_by_label("Result of get_weather").fill("21 degrees")
    page.get_by_role("button", name="Send results").click()
    expect(page.locator("#play-log")).to_contain_text("Sunny.")
    asked = service.upstream.asked[-1].body
    assert [one["role"] for one in asked["messages"]] == ["system", "user", "assistant", "tool"]
    assert asked["messages"][3] == {
        "role": "tool",
        "tool_call_id": "c1",
        "content": "21 degrees",
    }


def test_a_refusal_is_shown_where_the_answer_would_be(page: Page, service: Service) -> None:
    page.goto("/admin/playground/?model=none/such")
    say(page, "Hi", ends="The request failed.")
    expect(page.locator("#play-log")).to_contain_text('The model "none/such" does not exist')
    assert_usable(page)


def test_the_request_as_code(page: Page, service: Service) -> None:
    service.says("Hello")
    page.goto("/admin/playground/?model=fast/fast-1")
    say(page, "Greet me")
    page.get_by_text("As code").click()
    expect(page.locator("#play-curl")).to_contain_text("Greet me")
    expect(page.locator("#play-python")).to_contain_text("from openai import OpenAI")
    page.fill("#play-text", "And again")
    expect(page.locator("#play-curl")).to_contain_text("And again")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=re.compile("Copy curl")).click()
    expect(page.locator("#play-status")).to_have_text("Copied.")
    assert "And again" in page.evaluate("navigator.clipboard.readText()")


def test_what_a_model_says_is_text_never_markup(page: Page, service: Service) -> None:
    service.says("<img src=x onerror='window.hacked=1'><b>bold</b>")
    page.goto("/admin/playground/?model=fast/fast-1")
    say(page, "<i>hi</i>")
    expect(page.locator("#play-log")).to_contain_text("<b>bold</b>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#play-log b, #play-log i, #play-log img").count() == 0


def say(page: Page, text: str, ends: str = "The answer is complete.") -> None:
    """Sends a message and waits for the end of its answer."""
    page.fill("#play-text", text)
    page.keyboard.press("Enter")
    expect(page.locator("#play-status")).to_have_text(ends)
    page.wait_for_function("document.getElementById('play-stop').hidden")
