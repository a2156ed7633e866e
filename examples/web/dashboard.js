// The figures: tiles, the equity curve, the calendar of a month, and the breakdown by any attribute.

import { getBreakdown, getCalendar, getEquityCurve, getStats } from "trading-journal-client";
import { call, justWritten } from "./api.js";
import { card } from "./account.js";
import { $, h, svg } from "./dom.js";
import { decimal, pixels, ratio, rounded, sign, timeZone, words } from "./format.js";

export const ATTRIBUTES = [
  "SYMBOL", "SIDE", "TAG", "SETUP_TYPE", "TRADING_SESSION", "TRADE_GRADE", "WEEKDAY", "HOUR", "CLOSE_WEEKDAY",
  "CLOSE_HOUR", "MONTH", "RESULT", "RISK", "HOLDING_TIME", "SIZE", "GROUP", "ACCOUNT",
];

// Days and hours are this browser's; the trades that were written a moment ago are counted as they are now.
const ask = async (operation, query) => (await call(operation, { query: { timeZone, includes: justWritten(), ...query } })).data;

export async function dashboard() {
  const [stats, curve] = await Promise.all([ask(getStats), ask(getEquityCurve)]);
  if (!curve.points.length) {
    return {
      title: "Dashboard",
      content: [card(h("p", {}, "Figures follow from closed trades, and there is none yet. "), h("a", { href: "#/add" }, "Add a trade"))],
    };
  }
  const calendar = h("div"), breakdown = h("div");
  await Promise.all([showMonth(calendar, curve.points.at(-1).to.slice(0, 7)), showBreakdown(breakdown, "SYMBOL")]);
  const by = h("select", { id: "by", onchange: () => showBreakdown(breakdown, by.value) },
    ATTRIBUTES.map((name) => h("option", { value: name }, words(name))));
  return {
    title: "Dashboard",
    content: [
      tiles(stats),
      card(h("h2", {}, "Equity curve"), drawn(curve.points)),
      h("div", { class: "columns" },
        card(h("h2", {}, "Calendar"), calendar),
        card(h("h2", {}, "Breakdown"), h("p", {}, h("label", { for: "by" }, "By "), by), breakdown)),
    ],
  };
}

function tiles(stats) {
  const tile = (name, value, figure, look) => h("div", { class: "tile" }, h("dt", {}, name),
    h("dd", { class: look, title: String(stats[figure] ?? "") }, value, stats.reasons[figure] && h("small", {}, ` ${words(stats.reasons[figure])}`)));
  return h("dl", { class: "tiles" },
    tile(`Net P&L in ${stats.currency}`, rounded(stats.netPnl), "netPnl", sign(stats.netPnl)),
    tile("Trades", String(stats.tradeCount), "tradeCount"),
    tile("Win rate", ratio(stats.winRate, { percent: true }), "winRate"),
    tile("Profit factor", ratio(stats.profitFactor), "profitFactor"),
    tile("Expectancy", rounded(stats.expectancy), "expectancy", sign(stats.expectancy)),
    tile("Expectancy in R", ratio(stats.expectancyR), "expectancyR"),
    tile("Max. drawdown", rounded(stats.maxDrawdown), "maxDrawdown"));
}

// The points as a line; below it the same as a table, for whoever does not see it.
function drawn(points) {
  const width = 1000, height = 260, pad = 8;
  const equity = points.map((point) => pixels(point.equity));
  const low = Math.min(0, ...equity), high = Math.max(0, ...equity), span = high - low || 1;
  const x = (index) => pad + (index * (width - 2 * pad)) / Math.max(points.length - 1, 1);
  const y = (value) => height - pad - ((value - low) * (height - 2 * pad)) / span;
  const line = equity.map((value, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = points.at(-1);
  const end = (index) => h("span", {}, `${points[index].to}`);
  const level = (value) => rounded(points[equity.indexOf(value)]?.equity ?? "0");
  const marker = svg("circle", { class: "marker", r: 4, visibility: "hidden" });
  const reading = h("b", {}, `${last.to}: ${rounded(last.equity)}`);
  const show = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.round(((event.clientX - box.left) / box.width) * (points.length - 1));
    const point = points[Math.min(Math.max(index, 0), points.length - 1)];
    for (const [name, value] of [["cx", x(index)], ["cy", y(pixels(point.equity))], ["visibility", "visible"]]) marker.setAttribute(name, value);
    reading.textContent = `${point.to}: ${rounded(point.equity)}, ${rounded(point.realizedPnl)} on that day`;
  };
  return h("figure", {},
    h("p", { class: "levels" }, `From ${level(low)} to ${level(high)}`),
    svg("svg", {
      class: "curve", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", onpointermove: show,
      "aria-label": `Equity from ${points[0].from} to ${last.to}, ${rounded(last.equity)} at the end`,
    },
    svg("path", { class: "area", d: `${line}L${x(points.length - 1)} ${y(0)}L${x(0)} ${y(0)}Z` }),
    svg("line", { class: "zero", x1: 0, x2: width, y1: y(0), y2: y(0) }),
    svg("path", { class: "line", d: line }), marker),
    h("p", { class: "levels" }, end(0), reading, end(points.length - 1)),
    h("details", {}, h("summary", {}, "As a table"),
      h("div", { class: "scroll short", tabindex: 0, role: "region", "aria-label": "Equity by day" },
        figures(["Day", "Realized", "Equity", "Drawdown"], points.toReversed().map((point) =>
          [point.to, decimal(point.realizedPnl), decimal(point.equity), decimal(point.drawdown)])))));
}

const figures = (heads, rows) => h("table", {},
  h("thead", {}, h("tr", {}, heads.map((head, index) => h("th", { scope: "col", class: index ? "number" : undefined }, head)))),
  h("tbody", {}, rows.map(([first, ...others]) =>
    h("tr", {}, h("th", { scope: "row" }, first), others.map((cell) => h("td", { class: "number" }, cell))))));

// A month of days; a day with a close leads to the trades that had one.
async function showMonth(place, month) {
  const calendar = await ask(getCalendar, { month, weekStartsOn: "MONDAY" });
  const go = (step) => async () => {
    const [year, number] = month.split("-");
    await showMonth(place, new Date(Date.UTC(year, number - 1 + step)).toISOString().slice(0, 7));
    $(step < 0 ? ".before" : ".after", place).focus();
  };
  const day = (period) => {
    const inside = [h("span", { class: "day" }, period.from.slice(8).replace(/^0/, ""))];
    if (!period.tradeCount && period.realizedPnl === "0") return h("td", {}, inside);
    const count = period.tradeCount === 1 ? "1 trade" : `${period.tradeCount || "no"} trades`;
    return h("td", { class: sign(period.realizedPnl) },
      h("a", { href: `#/trades?activeOn=${period.from}`, "aria-label": `${period.from}: ${decimal(period.realizedPnl)}, ${count} became flat` },
        inside, h("b", {}, rounded(period.realizedPnl, 0)), h("small", {}, period.tradeCount ? count : "in part")));
  };
  const weekday = (date) => (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7; // Monday is 0
  const cells = [...Array(weekday(calendar.days[0].from)).fill(null), ...calendar.days];
  const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, index) => cells.slice(7 * index, 7 * index + 7));
  place.replaceChildren(
    h("p", { class: "month" },
      h("button", { class: "before", "aria-label": "The month before", onclick: go(-1) }, "‹"),
      h("b", { "aria-live": "polite" }, `${month}: ${rounded(calendar.total.realizedPnl)}`),
      h("button", { class: "after", "aria-label": "The month after", onclick: go(1) }, "›")),
    h("table", { class: "calendar" },
      h("thead", {}, h("tr", {}, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, weeks.map((week) => h("tr", {}, week.map((period) => (period ? day(period) : h("td"))))))));
}

async function showBreakdown(place, by) {
  const { buckets } = await ask(getBreakdown, { by: [by] });
  const widest = Math.max(...buckets.map((bucket) => Math.abs(pixels(bucket.netPnl))), 1e-9);
  const row = (bucket) => {
    const bar = h("span", { class: `bar ${sign(bucket.netPnl)}` });
    bar.style.width = `${(100 * Math.abs(pixels(bucket.netPnl))) / widest}%`;
    return h("tr", {}, h("th", { scope: "row" }, bucket.keys[0].value ?? "none"),
      h("td", { class: "number" }, String(bucket.tradeCount)),
      h("td", { class: "number" }, ratio(bucket.winRate, { percent: true })),
      h("td", { class: `number ${sign(bucket.netPnl)}`, title: bucket.netPnl }, rounded(bucket.netPnl), bar));
  };
  place.replaceChildren(h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `By ${words(by)}` },
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, words(by)),
      ["Trades", "Win rate", "Net P&L"].map((head) => h("th", { scope: "col", class: "number" }, head)))),
    h("tbody", {}, buckets.map(row)))));
}
