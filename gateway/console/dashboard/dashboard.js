// The charts of the dashboard: they stay where they are and take new values when those come.

import { draw } from "../theme/charts.js";

const drawn = new Map();

function show() {
  const held = document.getElementById("dashboard-data");
  if (!held) return;
  for (const [name, data] of Object.entries(JSON.parse(held.textContent))) {
    const canvas = document.getElementById(`chart-${name}`);
    if (!canvas) continue;
    if (drawn.has(name)) drawn.get(name).redraw(data);
    else drawn.set(name, draw(canvas, data));
  }
}

show();
document.addEventListener("live:replaced", show);
