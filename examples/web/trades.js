// The list: filters that live in the address, and pages that come as the reader scrolls.

import { getFacets, listTrades } from "trading-journal-client";
import { call, justWritten } from "./api.js";
import { $, form, h, values } from "./dom.js";
import { clock, decimal, ratio, sign, timeZone, words } from "./format.js";

const choices = (first, names) => [["", first], ...names.map((name) => [name, words(name)])];

// What lists by closes need beside their range: whose days are meant, and the trades that were changed a moment ago.
const BY_CLOSE = ["closeFrom", "closeTo", "activeOn"];

export async function trades(_steps, parameters) {
  const query = Object.fromEntries(parameters);
  const { data: facets } = await call(getFacets);
  const suggestion = (id, list) => h("datalist", { id }, list.map(({ value }) => h("option", { value })));
  const filters = form({
    class: "filters",
    "aria-label": "Filters",
    fields: [
      { name: "symbol", label: "Symbol", list: "symbols" },
      { name: "status", label: "Status", type: "select", options: choices("Any", ["OPEN", "PARTIAL", "CLOSED", "CANCELLED"]) },
      { name: "side", label: "Side", type: "select", options: choices("Any", ["BUY", "SELL"]) },
      { name: "tag", label: "Tag", list: "tags" },
      { name: "setupType", label: "Setup", list: "setups" },
      { name: "openFrom", label: "Opened from", type: "date" },
      { name: "openTo", label: "Opened to", type: "date" },
      { name: "closeFrom", label: "Closed from", type: "date", hint: "Give both days." },
      { name: "closeTo", label: "Closed to", type: "date" },
      { name: "activeOn", label: "With a close on", type: "date" },
      { name: "sort", label: "Sorted by", type: "select", hint: "Results need days of closes.",
        options: choices("Time", ["NET_PNL", "R_MULTIPLE", "SYMBOL"]) },
      { name: "order", label: "Order", type: "select", options: [["", "Downwards"], ["asc", "Upwards"]] },
    ].map((field) => ({ ...field, value: query[field.name] ?? "" })),
    submit: "Show",
    // The address says what is shown, so that it can be kept, sent and come back to.
    send: async (given) => {
      const { rows, more } = await page(given);
      history.pushState(null, "", `#/trades?${new URLSearchParams(given)}`);
      list.replaceChildren(...rows);
      next = more;
      follow();
    },
    extra: [h("a", { href: "#/trades" }, "Clear"), suggestion("symbols", facets.symbols), suggestion("tags", facets.tags),
      suggestion("setups", facets.setupTypes)],
  });
  const list = h("tbody");
  const count = h("p", { role: "status", class: "count" });
  const button = h("button", { onclick: () => load() }, "More trades");
  let next;

  async function page(given, nextToken) {
    const byClose = BY_CLOSE.some((name) => given[name]);
    const { data } = await call(listTrades, {
      query: { ...given, ...(byClose && { timeZone, includes: justWritten() }), limit: 25, nextToken, ...(!nextToken && { count: true }) },
    });
    const total = data.count ?? data.countIsAtLeast;
    if (total !== undefined) {
      const chosen = Object.entries(given).map(([name, value]) => `${$(`label[for=${filters.elements[name].id}]`, filters).textContent}: ${value}`);
      count.textContent = [`${data.count === undefined ? "At least " : ""}${total} ${total === 1 ? "trade" : "trades"}`, ...chosen].join(" · ");
    }
    return { rows: data.items.map(row), more: data.nextToken };
  }

  // A page can hold fewer trades than were asked for, even none, and still have a next one.
  let loading = false;
  async function load() {
    if (loading || !next) return;
    loading = true;
    try {
      const { rows, more } = await page(values(filters), next);
      list.append(...rows);
      next = more;
    } finally {
      loading = false;
      follow();
    }
  }

  // The button works for the keyboard and without the observer; observing anew tells at once whether it is in sight.
  const observer = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && load(), { rootMargin: "300px" });
  function follow() {
    button.hidden = !next;
    observer.disconnect();
    if (next) observer.observe(button);
  }

  const { rows, more } = await page(query);
  list.append(...rows);
  next = more;
  follow();
  return {
    title: "Trades",
    content: [
      h("details", { class: "card" }, h("summary", {}, "Filters"), filters),
      count,
      h("div", { class: "card scroll", tabindex: 0, role: "region", "aria-label": "Trades" }, h("table", { class: "trades" },
        h("thead", {}, h("tr", {}, HEADS.map((head) => h("th", { scope: "col" }, head)))), list)),
      h("p", { class: "more" }, button),
    ],
  };
}

const HEADS = ["Symbol", "Side", "Status", "Opened", "Quantity", "Entry", "Exit", "Net P&L", "R"];

function row(trade) {
  const result = trade.netPnl ?? trade.realizedPartialPnl;
  return h("tr", {},
    h("th", { scope: "row" }, h("a", { href: `#/trade/${trade.tradeId}` }, trade.symbol)),
    h("td", {}, words(trade.side)),
    h("td", {}, h("span", { class: `status ${trade.status.toLowerCase()}` }, words(trade.status))),
    h("td", {}, clock(trade.openDate)),
    h("td", { class: "number" }, decimal(trade.quantity)),
    h("td", { class: "number" }, decimal(trade.entryPrice)),
    h("td", { class: "number" }, decimal(trade.exitPrice)),
    h("td", { class: `number ${sign(result)}` }, trade.status === "OPEN" ? "–" : decimal(result)),
    h("td", { class: "number" }, ratio(trade.rMultiple)));
}
