// Keeps regions of a page up to date without a reload.
//
// `<div data-live="/path" data-live-every="1000">` is fetched again and again while the page is
// seen. What stands there is only replaced when it changed, and never under a pressed button or a
// selection; focus and opened details survive. While the service is away, `[data-live-lost]` shows.

const lost = document.querySelector("[data-live-lost]");

function busy(region) {
  const selection = document.getSelection();
  return (
    region.querySelector(":active") !== null ||
    (selection && !selection.isCollapsed && region.contains(selection.anchorNode))
  );
}

function replace(region, html) {
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...region.querySelectorAll("details[id][open]")].map((one) => one.id);
  region.innerHTML = html;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  region.dispatchEvent(new CustomEvent("live:replaced", { bubbles: true }));
}

async function refresh(region) {
  const url = new URL(region.dataset.live, location.href);
  const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
  if (answer.redirected) {
    location.reload(); // The session is over: the page itself asks to log in.
    return;
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const html = await answer.text();
  if (html !== region.seen && !busy(region)) {
    replace(region, html);
    region.seen = html;
  }
}

async function follow(region) {
  for (;;) {
    await new Promise((wake) => setTimeout(wake, Number(region.dataset.liveEvery)));
    if (document.hidden || !region.isConnected) continue;
    try {
      await refresh(region);
      if (lost) lost.hidden = true;
    } catch {
      if (lost) lost.hidden = false;
    }
  }
}

for (const region of document.querySelectorAll("[data-live]")) follow(region);
