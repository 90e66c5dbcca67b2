// The share of each target while weights are typed, as governance/admin/shares.py tells it of what
// is saved: a target competes with the enabled ones that serve the same alias, or every alias.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MAX_WEIGHT = 1_000_000;

// What each of `targets` ({alias, enabled, weight, priority}, in their order) is tried first for: a
// part of one, or null where there is none to tell.
export function shares(targets) {
  return targets.map((target) => {
    if (!target.enabled) return null;
    const rivals = targets.filter((one) => one.enabled && ["", target.alias].includes(one.alias));
    if (rivals.some(({ weight, priority }) => weight === null || priority === null)) return null;
    const total = sum(rivals.map(({ weight }) => weight));
    if (total > 0) return target.weight / total;
    return target === rivals.reduce((first, one) => (before(one, first) ? one : first)) ? 1 : 0;
  });
}

function before(one, other) {
  if (one.priority !== other.priority) return one.priority < other.priority;
  return one.weight > other.weight;
}

// Neumaier's sum: the server adds without rounding errors, so 0.1 ten times is 1 there.
function sum(numbers) {
  let total = 0;
  let lost = 0;
  for (const number of numbers) {
    const next = total + number;
    lost += Math.abs(total) >= Math.abs(number) ? total - next + number : number - next + total;
    total = next;
  }
  return total + lost;
}

export function percent(part) {
  if (part > 0 && part < 0.001) return "< 0.1 %";
  const value = part * 100;
  // The server rounds halves to even, `toFixed` up: they part at .25 alone.
  const text = value % 1 === 0.25 ? `${Math.floor(value)}.2` : value.toFixed(1);
  return `${text.replace(/\.0$/, "")} %`;
}

// A field's number; null for what is none, `blank` for nothing.
export function number(text, blank, least, most) {
  const trimmed = text.trim();
  if (!trimmed) return blank;
  const value = NUMBER.test(trimmed) ? Number(trimmed) : NaN;
  return value >= least && value <= most ? value : null;
}

export const weight = (text) => number(text, 1, 0, MAX_WEIGHT);
export const priority = (text) => number(text, 0, -Infinity, Infinity);
