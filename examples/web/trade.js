// One trade: record it, close it, correct it, and attach images.

import { closeTrade, createImageUpload, createTrade, deleteTrade, getTrade, updateTrade } from "trading-journal-client";
import { call, wrote } from "./api.js";
import { card } from "./account.js";
import { $, ask, form, h, notify } from "./dom.js";
import { clock, decimal, now, ratio, sign, timestamp, words } from "./format.js";
import { resolved } from "./conflict.js";

// Amounts are text with a decimal keyboard: an input of type number would make floats of them.
const amount = (name, label, more) => ({ name, label, inputmode: "decimal", ...more });

const BASICS = [
  { name: "symbol", label: "Symbol", required: true, autocapitalize: "characters" },
  { name: "side", label: "Side", type: "select", options: [["BUY", "Buy"], ["SELL", "Sell"]] },
  amount("quantity", "Quantity", { required: true }),
  amount("entryPrice", "Entry price"),
];
const PLAN = [
  amount("stopLoss", "Stop loss"),
  amount("takeProfit", "Take profit"),
  amount("commission", "Commission"),
  amount("fees", "Fees"),
  { name: "setupType", label: "Setup" },
  { name: "tradeGrade", label: "Grade", type: "select", options: ["", ..."ABCDEF"].map((grade) => [grade, grade || "None"]) },
  { name: "tags", label: "Tags", hint: "With commas between them." },
  { name: "preTradeNotes", label: "Plan", type: "area" },
  { name: "postTradeNotes", label: "Review", type: "area" },
];
export const FIELDS = [...BASICS, ...PLAN];

// A form has texts; the API has a list of tags.
const asDocument = ({ tags, openDate, closedAt, ...given }) => ({
  ...given,
  ...(tags && { tags: tags.split(",").map((tag) => tag.trim()).filter(Boolean) }),
  ...(openDate && { openDate: timestamp(openDate) }),
  ...(closedAt && { closedAt: timestamp(closedAt) }),
});
const asText = (value) => (Array.isArray(value) ? value.join(", ") : String(value ?? ""));

// A create or close that is sent again with the same key and body happens once; another body needs another key.
function onceKey() {
  let key, sent;
  return (body) => {
    if (JSON.stringify(body) !== sent) [key, sent] = [crypto.randomUUID(), JSON.stringify(body)];
    return { "Idempotency-Key": key };
  };
}

export async function add() {
  const key = onceKey();
  const entry = form({
    class: "grid",
    fields: [...BASICS, { name: "openDate", label: "Opened", type: "datetime-local", step: 1, value: now(), required: true }, ...PLAN],
    submit: "Record the trade",
    send: async (given) => {
      const body = asDocument(given);
      const { data } = await call(createTrade, { body, headers: key(body) });
      wrote(data);
      location.hash = `#/trade/${data.tradeId}`;
    },
  });
  return { title: "Add a trade", content: [card(entry)] };
}

export async function trade([tradeId]) {
  const path = { tradeId };
  const place = h("div");
  let { data: shown } = await call(getTrade, { path });

  // Each answer is the whole trade with its new version: show that, and send the version with the next change.
  function show(latest) {
    shown = latest;
    const isOpen = ["OPEN", "PARTIAL"].includes(shown.status);
    place.replaceChildren(
      h("div", { class: "columns" }, h("div", {}, facts(shown), images()), h("div", {}, closes(shown), isOpen && closing())),
      editing(), removal());
  }
  const ifMatch = () => ({ "If-Match": `"${shown.version}"` });

  function closing() {
    const key = onceKey();
    return card(h("h2", {}, "Close"), form({
      class: "grid",
      fields: [
        amount("quantity", "Quantity", { hint: `Empty for all that remains: ${decimal(shown.remainingQuantity)}.` }),
        amount("price", "Price", { required: true }),
        { name: "closedAt", label: "Closed", type: "datetime-local", step: 1, value: now(), required: true },
        amount("commission", "Commission"),
      ],
      submit: "Close",
      send: async (given) => {
        const body = asDocument(given);
        const { data } = await call(closeTrade, { path, body, headers: key(body) });
        wrote(data);
        show(data);
        notify(`${words(data.status)}: ${decimal(data.netPnl ?? data.realizedPartialPnl)}`);
      },
    }));
  }

  function editing() {
    const before = shown;
    return h("details", { class: "card" }, h("summary", {}, h("h2", {}, "Correct")), form({
      class: "grid",
      fields: FIELDS.map((field) => ({ ...field, value: asText(before[field.name]) })),
      submit: "Save",
      send: async (given) => {
        const patch = changes(before, given);
        if (Object.keys(patch).length) await save(before, patch);
        else notify("Nothing was changed.");
      },
    }));
  }

  // A change that somebody else overtook is a 412. Then the person decides, and their choice goes to the newer version,
  // which may be overtaken again.
  async function save(before, patch) {
    for (;;) {
      try {
        const { data } = await call(updateTrade, { path, body: patch, headers: ifMatch() });
        wrote(data);
        show(data);
        notify("Saved.");
        return;
      } catch (error) {
        if (error.status !== 412) throw error;
        const { data: newer } = await call(getTrade, { path });
        patch = await resolved(FIELDS, before, patch, newer, asText);
        shown = newer;
        if (!patch || !Object.keys(patch).length) {
          show(newer);
          notify("Nothing was saved; this is the newer version.");
          return;
        }
      }
    }
  }

  function images() {
    const input = h("input", { id: "file", type: "file", accept: "image/png,image/jpeg,image/webp,image/gif", onchange: () => attach() });
    const state = h("p", { role: "status" });
    // The API signs a form for one file, which goes to the bucket without passing through it. What the file is, its bytes
    // tell a moment later.
    async function attach() {
      const [file] = input.files;
      state.textContent = "Uploading …";
      try {
        const { data: upload } = await call(createImageUpload, { path, body: { contentType: file.type, size: file.size } });
        const body = new FormData();
        for (const [name, value] of Object.entries(upload.fields)) body.append(name, value);
        body.append("file", file);
        const sent = await fetch(upload.url, { method: "POST", body });
        if (!sent.ok) throw new Error("The bucket refused the file.");
        for (let tries = 0; tries < 60; tries++) {
          const { data } = await call(getTrade, { path });
          const image = data.images?.find((each) => each.imageId === upload.imageId);
          if (image && image.status !== "PENDING") return show(data);
          await new Promise((later) => setTimeout(later, 500));
        }
        state.textContent = "The image is still being read. Load the page again in a while.";
      } catch (error) {
        state.textContent = error.fields?.[0]?.detail ?? error.message;
      }
    }
    return card(h("h2", {}, "Images"),
      h("div", { class: "images" }, (shown.images ?? []).map((image, index) => (image.url
        ? h("a", { href: image.url }, h("img", { src: image.url, alt: `Image ${index + 1} of the trade in ${shown.symbol}` }))
        : h("p", { class: "hint" }, `${words(image.status)}. ${image.reason ?? ""}`)))),
      h("div", { class: "field" }, h("label", { for: "file" }, "Attach an image"), input), state);
  }

  const removal = () => h("p", {}, h("button", {
    class: "danger",
    onclick: async () => {
      await call(deleteTrade, { path, headers: ifMatch() });
      wrote({ ...shown, version: shown.version + 1 });
      location.hash = "#/trades";
      notify("Deleted. It can be brought back for 30 days.");
    },
  }, "Delete the trade"));

  show(shown);
  return { title: `${shown.symbol}, ${clock(shown.openDate)}`, content: [place] };
}

// A merge patch (RFC 7396) of what was changed in the form: null removes.
function changes(before, given) {
  const patch = {};
  for (const { name } of FIELDS) {
    if ((given[name] ?? "") !== asText(before[name])) patch[name] = given[name] === undefined ? null : asDocument({ [name]: given[name] })[name];
  }
  return patch;
}

function facts(trade) {
  const fact = (name, value, look) => value !== undefined && [h("dt", {}, name), h("dd", { class: look }, value)];
  return card(h("dl", { class: "facts" },
    [
      fact("Status", h("span", { class: `status ${trade.status.toLowerCase()}` }, words(trade.status))),
      fact("Side", words(trade.side)),
      fact("Quantity", decimal(trade.quantity) + (trade.status === "PARTIAL" ? `, of which ${decimal(trade.remainingQuantity)} remain` : "")),
      fact("Entry", decimal(trade.entryPrice)),
      fact("Exit", decimal(trade.exitPrice)),
      fact("Stop and target", `${decimal(trade.stopLoss)} / ${decimal(trade.takeProfit)}`),
      fact("Net P&L", decimal(trade.netPnl ?? trade.realizedPartialPnl), sign(trade.netPnl ?? trade.realizedPartialPnl)),
      fact("R", ratio(trade.rMultiple)),
      fact("Setup and grade", [trade.setupType, trade.tradeGrade].filter(Boolean).join(", ") || undefined),
      fact("Tags", trade.tags.join(", ") || undefined),
      fact("Plan", trade.preTradeNotes),
      fact("Review", trade.postTradeNotes),
      fact("Version", String(trade.version)),
    ].filter(Boolean).flat()));
}

function closes(trade) {
  if (!trade.partialCloses.length) return card(h("h2", {}, "Closes"), h("p", { class: "hint" }, "None yet."));
  return card(h("h2", {}, "Closes"), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Closes" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Closed", "Quantity", "Price", "Realized"].map((head, index) => h("th", { scope: "col", class: index ? "number" : undefined }, head)))),
    h("tbody", {}, trade.partialCloses.map((close) => h("tr", {},
      h("th", { scope: "row" }, clock(close.closedAt)),
      h("td", { class: "number" }, decimal(close.quantity)),
      h("td", { class: "number" }, decimal(close.price)),
      h("td", { class: `number ${sign(close.realizedPnl)}` }, decimal(close.realizedPnl))))))));
}
