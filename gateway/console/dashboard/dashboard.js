// The charts of the dashboard: they stay where they are and take new values when those come.

import { draw } from "../theme/charts.js";

const drawn = new Map();

function show() {
  const held = document.getElementById("dashboard-data");
  if (!held) return;
  const told = JSON.parse(held.textContent);
  // Six empty charts would hide what a new installation has to say.
  const some = Object.values(told).some(({ series }) => series.some(({ values }) => values.some(Boolean)));
  for (const place of document.querySelectorAll("[data-drawn]")) place.hidden = !some;
  for (const [name, data] of Object.entries(told)) {
    const canvas = document.getElementById(`chart-${name}`);
    if (!canvas) continue;
    if (drawn.has(name)) drawn.get(name).redraw(data);
    else drawn.set(name, draw(canvas, data));
  }
}

show();
document.addEventListener("live:replaced", show);
