// How values are shown. Money, prices and quantities are decimal strings and stay strings: a float would lose digits.

export function decimal(text) {
  if (text === undefined || text === null) return "–";
  const [whole, fraction] = text.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${text.startsWith("-") ? "−" : ""}${grouped}${fraction ? `.${fraction}` : ""}`;
}

// For overviews: rounded half up, digit by digit. The exact figure stands in a title or in a table beside it.
export function rounded(text, places = 2) {
  if (text === undefined || text === null) return "–";
  const [whole, fraction = ""] = text.replace("-", "").split(".");
  if (fraction.length <= places) return decimal(text);
  const up = fraction[places] >= "5" ? 1n : 0n;
  const digits = String(BigInt(whole + fraction.slice(0, places)) + up).padStart(places + 1, "0");
  const split = digits.length - places;
  const near = places ? `${digits.slice(0, split)}.${digits.slice(split)}` : digits;
  return decimal(/[1-9]/.test(near) && text.startsWith("-") ? `-${near}` : near);
}

export const sign = (text) => (!text || text === "0" ? "flat" : text.startsWith("-") ? "loss" : "gain");

// A number for drawing, where the width of a pixel is coarser than what a float loses. It is never shown and never sent.
export const pixels = (text) => Number(text);

// Ratios are JSON numbers in the API. An undefined one is null, with its reason in `reasons`.
export function ratio(value, { percent = false } = {}) {
  if (value === undefined || value === null) return "–";
  return percent ? `${(value * 100).toFixed(1)} %` : value.toFixed(2);
}

export const words = (name) => name.toLowerCase().replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

// A time as its own clock showed it: "2026-01-05T09:31:04-05:00" is 09:31 of that day wherever it is read.
export const clock = (time) => (time ? `${time.slice(0, 10)} ${time.slice(11, 16)}` : "–");

// What an input of type datetime-local holds, as RFC 3339 with this browser's offset on that day.
export function timestamp(local) {
  const minutes = -new Date(local).getTimezoneOffset();
  const two = (number) => String(Math.trunc(number)).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  return `${local}${local.length === 16 ? ":00" : ""}${offset}`;
}

export function now() {
  const time = new Date();
  return new Date(time - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
