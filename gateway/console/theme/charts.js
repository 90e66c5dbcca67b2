// Charts with axes, units, values on hover and by keyboard, over the Chart.js the theme brings.
//
// `draw(canvas, data, options)` draws `{kind, unit, step, begins, ends, series, marks, stacked}`;
// the element `<canvas id>-said` is told the values that the arrow keys come to.

const locale = document.documentElement.lang || undefined;
const DAY = 86_400_000;
const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const fullDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const hour = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });

const whole = new Intl.NumberFormat(locale);
const fine = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });

// `12 k`, `3.4 M`: the compact notation of some locales has an m that could be minutes.
function short(value) {
  for (const [size, unit] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${fine.format(value / size)} ${unit}`;
  }
  return fine.format(value);
}

const units = {
  count: { tick: (v) => short(v), value: (v) => whole.format(v) },
  tokens: { tick: (v) => short(v), value: (v) => whole.format(v) },
  usd: { tick: (v) => `$${short(v)}`, value: (v) => `$${fine.format(v)}` },
  percent: { tick: (v) => `${fine.format(v)} %`, value: (v) => `${fine.format(v)} %` },
  ms: {
    tick: (v) => (v >= 1000 ? `${fine.format(v / 1000)} s` : `${fine.format(v)} ms`),
    value: (v) => (v >= 1000 ? `${fine.format(v / 1000)} s` : `${fine.format(v)} ms`),
  },
};

function colour(canvas, tone) {
  return getComputedStyle(canvas).getPropertyValue(`--pm-chart-${tone}`).trim() || "gray";
}

function lengthOf(data) {
  const begins = data.begins.map((one) => new Date(one));
  const step = begins.length > 1 ? begins[1] - begins[0] : new Date(data.ends) - begins[0];
  return { begins, step };
}

function labels(data) {
  const { begins, step } = lengthOf(data);
  if (step >= DAY - 3_600_000) return begins.map((one) => day.format(one));
  const long = begins.length > 1 && begins.at(-1) - begins[0] > DAY * 1.1;
  return begins.map((one) => (long ? `${day.format(one)}, ${hour.format(one)}` : hour.format(one)));
}

function momentOf(data, index) {
  const { begins, step } = lengthOf(data);
  return (step >= DAY - 3_600_000 ? fullDay : full).format(begins[index]);
}

function marksAt(data, index) {
  const begin = new Date(data.begins[index]);
  const end = new Date(data.begins[index + 1] ?? data.ends);
  return (data.marks ?? []).filter((one) => new Date(one.at) >= begin && new Date(one.at) < end);
}

function lines(data, index) {
  const unit = units[data.unit];
  const told = data.series.map((one) => {
    const value = one.values[index];
    return `${one.label}: ${value === null || value === undefined ? "—" : unit.value(value)}`;
  });
  return [...told, ...marksAt(data, index).map((one) => one.label)];
}

const known = (series, index) => typeof series.values[index] === "number";

function datasets(canvas, data) {
  return data.series.map((one) => ({
    label: one.label,
    data: one.values,
    type: one.kind ?? data.kind ?? "bar",
    backgroundColor: colour(canvas, one.tone),
    borderColor: colour(canvas, one.tone),
    borderDash: one.dashed ? [4, 4] : [],
    borderWidth: (one.kind ?? data.kind) === "line" ? 2 : 0,
    // A value between two that are not known would not be seen: no line leads to it.
    pointRadius: one.values.map((_, at) => (known(one, at - 1) || known(one, at + 1) ? 0 : 3)),
    pointHoverRadius: 4,
    spanGaps: false,
    tension: 0,
    categoryPercentage: 0.92,
    barPercentage: 1,
    stack: one.kind === "line" || !data.stacked ? one.label : "all",
  }));
}

// Lines where the configuration changed, and the range that is being chosen.
const extras = (state) => ({
  id: "pointsman",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales, canvas } = chart;
    const { data, chosen } = state;
    const width = area.width / Math.max(1, data.begins.length);
    ctx.save();
    if (chosen) {
      const [from, to] = [Math.min(...chosen), Math.max(...chosen)];
      ctx.fillStyle = colour(canvas, "brush");
      ctx.fillRect(area.left + from * width, area.top, (to - from + 1) * width, area.height);
    }
    ctx.strokeStyle = colour(canvas, "mark");
    ctx.setLineDash([3, 3]);
    data.begins.forEach((_, index) => {
      if (!marksAt(data, index).length) return;
      const x = scales.x.getPixelForValue(index);
      ctx.beginPath();
      ctx.moveTo(x, area.top);
      ctx.lineTo(x, area.bottom);
      ctx.stroke();
    });
    ctx.restore();
  },
});

function settings(canvas, data, options) {
  const ink = colour(canvas, "ink");
  const grid = colour(canvas, "grid");
  const unit = units[data.unit];
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    layout: { padding: { top: 4 } },
    plugins: {
      legend: {
        display: !options.bare,
        position: "bottom",
        labels: { color: ink, boxWidth: 10, boxHeight: 10, font: { size: 12 } },
      },
      tooltip: {
        callbacks: {
          title: (items) => (items.length ? momentOf(data, items[0].dataIndex) : ""),
          label: (item) => lines(data, item.dataIndex)[item.datasetIndex],
          footer: (items) => (items.length ? marksAt(data, items[0].dataIndex).map((one) => one.label) : []),
        },
      },
    },
    scales: {
      x: {
        stacked: Boolean(data.stacked),
        grid: { display: false },
        border: { color: grid },
        ticks: { color: ink, maxRotation: 0, autoSkipPadding: 16, font: { size: 11 } },
      },
      y: {
        stacked: Boolean(data.stacked),
        beginAtZero: true,
        grid: { color: grid },
        border: { display: false },
        ticks: { color: ink, maxTicksLimit: options.bare ? 3 : 5, callback: unit.tick, font: { size: 11 } },
        ...(data.unit === "percent" ? { suggestedMax: 1 } : {}),
      },
    },
  };
}

export function draw(canvas, data, options = {}) {
  const said = document.getElementById(`${canvas.id}-said`);
  const state = { data, chosen: null };
  const chart = new Chart(canvas, {
    type: data.kind ?? "bar",
    data: { labels: labels(data), datasets: datasets(canvas, data) },
    options: settings(canvas, data, options),
    plugins: [extras(state)],
  });
  let at = -1;
  let anchor = null;

  function show(index) {
    at = Math.max(0, Math.min(state.data.begins.length - 1, index));
    const active = chart.data.datasets.map((_, place) => ({ datasetIndex: place, index: at }));
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
    chart.update("none");
    const held = state.data;
    if (said) said.textContent = `${momentOf(held, at)}: ${lines(held, at).join(", ")}`;
  }

  function hide() {
    state.chosen = anchor = null;
    chart.setActiveElements([]);
    chart.tooltip.setActiveElements([], { x: 0, y: 0 });
    chart.update("none");
  }

  function take() {
    const { chosen, data: held } = state;
    const [from, to] = chosen ? [Math.min(...chosen), Math.max(...chosen)] : [at, at];
    if (from < 0 || !options.onRange) return;
    options.onRange(held.begins[from], held.begins[to + 1] ?? held.ends);
  }

  canvas.addEventListener("keydown", (event) => {
    const last = state.data.begins.length - 1;
    const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    if (event.key in steps) {
      event.preventDefault();
      const from = at < 0 ? last : at;
      show(at < 0 && event.key.startsWith("Arrow") ? last : steps[event.key]);
      if (options.onRange && event.shiftKey) {
        anchor ??= from;
        state.chosen = [anchor, at];
        chart.update("none");
      } else if (options.onRange) {
        state.chosen = anchor = null;
      }
    } else if (event.key === "Escape") {
      hide();
    } else if (event.key === "Enter") {
      take();
    }
  });
  canvas.addEventListener("blur", hide);

  if (options.onRange) {
    const indexAt = (event) => {
      const area = chart.chartArea;
      const x = event.clientX - canvas.getBoundingClientRect().left - area.left;
      const count = state.data.begins.length;
      return Math.max(0, Math.min(count - 1, Math.floor((x / area.width) * count)));
    };
    canvas.addEventListener("pointerdown", (event) => {
      anchor = indexAt(event);
      state.chosen = [anchor, anchor];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (anchor === null || !canvas.hasPointerCapture(event.pointerId)) return;
      at = indexAt(event);
      state.chosen = [anchor, at];
      chart.update("none");
    });
    canvas.addEventListener("pointerup", (event) => {
      if (anchor === null) return;
      at = indexAt(event);
      take();
    });
  }

  function redraw(next) {
    state.data = next;
    chart.data.labels = labels(next);
    chart.data.datasets = datasets(canvas, next);
    chart.options = settings(canvas, next, options);
    chart.update("none");
  }

  // Colours are those of the page, which may turn dark.
  new MutationObserver(() => redraw(state.data)).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["class"],
  });
  canvas.chart = chart;
  return { redraw };
}
