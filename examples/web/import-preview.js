// One import: how far it is, what its rows and trades would be, what the reader decides, and its commit and undo.

import {
  commitImport, createMapping, deleteImport, getImport, listImportRows, listImportTrades, undoImport, updateImport,
} from "trading-journal-client";
import { call } from "./api.js";
import { card } from "./account.js";
import { $, ask, form, h, notify } from "./dom.js";
import { clock, decimal, sign, timeZone, words } from "./format.js";

export const ORPHANS = [
  ["ASK", "I decide"], ["SHORT", "Open a short position"], ["OPENING", "Add an entry of unknown cost"], ["SKIP", "Leave out"],
];
const WORKING = { AWAITING_FILE: "Waiting for the file", PARSING: "Reading the file", COMMITTING: "Recording", UNDOING: "Taking it back" };
const COUNTS = [
  ["new", "New"], ["cash", "Cash"], ["actions", "Corporate actions"], ["matchesManual", "Match trades by hand"], ["changed", "Changed"],
  ["orphan", "Closes without an entry"], ["duplicate", "There already"], ["skipped", "Nothing to record"], ["error", "Not readable"],
];
const OUTCOMES = ["NEW", "DUPLICATE", "CHANGED", "MATCHES_MANUAL", "CASH", "ACTION", "ORPHAN", "SKIPPED", "ERROR"];
const DECISIONS = { MATCHES_MANUAL: ["LINK", "IMPORT", "SKIP"], SKIPPED: [], ERROR: [], DUPLICATE: [] };
const NEEDS = { TIME_ZONE: "Say in which time zone its times are.", DATE: "Say on which day its times are." };
const WHAT_OF_EDITED = [["KEEP", "Keep what was edited"], ["REMOVE", "Remove it too"]];

export async function preview(importId) {
  const path = { importId };
  const place = h("div");
  let shown;

  async function read() {
    ({ data: shown } = await call(getImport, { path }));
    return shown;
  }
  const ifMatch = () => ({ "If-Match": `"${shown.version}"` });
  const onceKey = (what) => ({ "Idempotency-Key": `${what}-${importId}-${shown.version}` });

  // Work goes on at the server whether or not somebody looks. It is asked again only as long as this view is shown.
  const address = location.hash;
  async function follow() {
    const bar = h("progress", { "aria-label": "Progress" });
    const state = h("p", { role: "status" });
    place.replaceChildren(card(state, bar));
    while (shown.status in WORKING) {
      const { done = 0, total } = shown.progress ?? {};
      state.textContent = `${WORKING[shown.status]} …${done ? ` ${done}${total ? ` of ${total}` : ""}` : ""}`;
      if (total) [bar.max, bar.value] = [total, done];
      await new Promise((later) => setTimeout(later, 600));
      if (location.hash !== address) return;
      await read();
    }
    await show();
    $("h2", place)?.focus();
  }

  async function show() {
    if (shown.status in WORKING) return void follow();
    const sections = { PREVIEW: inPreview, NEEDS_MAPPING: needsMapping, COMMITTED: committed };
    const content = await (sections[shown.status] ?? ended)();
    place.replaceChildren(...content);
  }

  // What begins work: the import is read anew, and followed.
  async function begin(operation, options) {
    await call(operation, { path, ...options });
    await read();
    await show();
  }

  // Somebody else, or another tab, may have changed the import: then it is shown as it is now.
  async function decided(operation, options) {
    try {
      await begin(operation, options);
    } catch (error) {
      if (error.status !== 412) throw error;
      await read();
      await show();
      notify("The import has changed meanwhile; this is what it would do now.");
    }
  }

  async function inPreview() {
    const { rows, trades } = await tables(path, shown);
    const decisions = new Map();
    const apply = h("button", {
      type: "button", disabled: true,
      onclick: () => decided(updateImport, {
        headers: ifMatch(), body: { decisions: [...decisions].map(([line, decision]) => ({ line, decision })) },
      }),
    }, "Apply the decisions");
    rows.onDecision = (line, decision) => {
      decisions.set(line, decision);
      apply.disabled = decisions.size > 500; // as many as one request takes
    };
    return [
      summary(shown),
      shown.reading.needs.length || !shown.counts.undecided ? undefined : waiting(),
      reading(),
      card(heading("Trades that follow"), trades.node),
      card(heading("Rows"), rows.node, h("p", { class: "actions" }, apply)),
      committing(),
    ].filter(Boolean);
  }

  const waiting = () => card(heading("You decide"), h("p", {},
    `${shown.counts.undecided} rows wait for your decision, the first in line ${shown.undecided[0]}. Choose what becomes of them below, or leave them out.`));

  // How the file is read can be corrected: then it is read again, and shown again.
  function reading() {
    const needs = shown.reading.needs;
    return h("details", { class: "card", open: needs.length > 0 }, h("summary", {}, heading(needs.length ? "The file does not say everything" : "How it is read")),
      needs.map((need) => h("p", {}, NEEDS[need] ?? words(need))), form({
      class: "grid",
      fields: [
        { name: "timeZone", label: "Time zone", value: shown.timeZone ?? (needs.includes("TIME_ZONE") ? timeZone : ""), hint: "Of times without an offset." },
        { name: "day", label: "Day", type: "date", value: shown.day ?? "", hint: "Of times without one." },
        { name: "dateOrder", label: "Dates", type: "select", options: [["", "As found"], ["MDY", "Month first"], ["DMY", "Day first"], ["YMD", "Year first"]] },
        { name: "decimalMark", label: "Decimals", type: "select", options: [["", "As found"], ["POINT", "1.5"], ["COMMA", "1,5"]] },
        { name: "orphanPolicy", label: "Closes of what was never opened", type: "select", options: ORPHANS },
      ].map((field) => ({ ...field, value: field.value ?? shown[field.name] ?? "" })),
      submit: "Read it again",
      send: (given) => decided(updateImport, {
        headers: ifMatch(),
        body: { ...Object.fromEntries(["timeZone", "day", "dateOrder", "decimalMark"].map((name) => [name, given[name] ?? null])), orphanPolicy: given.orphanPolicy },
      }),
    }));
  }

  function committing() {
    const { undecided } = shown.counts;
    const button = (text, skip) => h("button", {
      type: "button", class: "primary", disabled: shown.reading.needs.length > 0,
      onclick: () => decided(commitImport, {
        headers: { ...ifMatch(), ...onceKey(skip ? "commit-skip" : "commit") }, body: { undecided: skip ? "SKIP" : "REFUSE" },
      }),
    }, text);
    return card(heading("Record it"), h("p", {}, "What you see here is what is recorded. You can take it back for 90 days."),
      h("p", { class: "actions" },
        undecided ? button(`Record it without the ${undecided} rows`, true) : button("Record it", false), removal("Discard it")));
  }

  const removal = (text) => h("button", {
    type: "button", class: "danger",
    onclick: async () => {
      await call(deleteImport, { path, headers: ifMatch() });
      location.hash = "#/imports";
      notify("The import is deleted.");
    },
  }, text);

  async function needsMapping() {
    const { header, rows, proposal } = shown.table;
    const columns = Object.entries(proposal.columns);
    return [card(heading("No known format"),
      h("p", {}, columns.length ? `Its columns look like: ${columns.map(([field, column]) => `${words(field)} is ${column}`).join(", ")}.` : "Its columns are of no known names."),
      table("The file's first rows", header, rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell))))),
      h("p", { class: "actions" },
        columns.length > 0 && h("button", {
          type: "button", class: "primary",
          onclick: async () => {
            const { data: mapping } = await call(createMapping, { body: proposal, headers: onceKey("mapping") });
            await decided(updateImport, { headers: ifMatch(), body: { mappingId: mapping.mappingId } });
          },
        }, "Read it so"),
        removal("Discard it")))];
  }

  async function committed() {
    const { executions, cash, actions, linked, present } = shown.applied ?? {};
    const told = [[executions, "executions"], [cash, "cash"], [actions, "corporate actions"], [linked, "linked"], [present, "there already"]];
    return [
      card(heading("Recorded"), h("p", {}, told.filter(([count]) => count).map(([count, what]) => `${count} ${what}`).join(", ") || "Nothing."),
        remarks(),
        h("p", { class: "actions" }, h("a", { href: "#/trades" }, "To the trades"),
          h("button", { type: "button", class: "danger", onclick: undo }, "Take it back"))),
      summary(shown),
    ];
  }

  async function undo() {
    let edited = "REFUSE";
    try {
      await begin(undoImport, { headers: onceKey("undo"), body: { edited } });
    } catch (error) {
      if (error.status !== 409) throw error;
      edited = await ask("Some of it was edited since", (close) => [
        h("p", {}, error.message),
        h("p", { class: "actions" }, WHAT_OF_EDITED.map(([value, text]) => h("button", { onclick: () => close(value) }, text)),
          h("button", { onclick: () => close(undefined) }, "Do not take it back")),
      ]);
      if (edited) await begin(undoImport, { headers: onceKey(`undo-${edited}`), body: { edited } });
    }
  }

  async function ended() {
    const why = shown.failure ? `The file ${shown.failure.detail}.` : "";
    const notes = shown.leftOverNotes;
    return [card(heading(shown.status === "UNDONE" ? "Taken back" : words(shown.status)), why && h("p", { role: "alert" }, why), remarks(),
      notes && h("p", {}, h("a", { href: notes.url }, `Notes of ${notes.trades} trades that are gone`)),
      h("p", { class: "actions" }, h("a", { href: "#/imports" }, "To the imports"), removal("Delete the import")))];
  }

  const remarks = () => shown.remarks?.length > 0 && h("ul", {}, shown.remarks.map(({ line, detail }) => h("li", {}, `Line ${line}: ${detail}`)));

  await read();
  await show();
  return { title: shown.fileName, content: [place] };
}

const heading = (text) => h("h2", { tabindex: -1 }, text);

const table = (name, heads, rows) => h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, h("table", {},
  h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));

function summary({ counts, reading, warnings }) {
  const fact = (name, value) => value && [h("dt", {}, name), h("dd", {}, value)];
  return card(heading("What it says"), h("dl", { class: "facts" }, [
    fact("Rows", String(counts.rows)),
    ...COUNTS.map(([name, text]) => counts[name] > 0 && fact(text, String(counts[name]))),
    fact("Format", reading.formatId),
    fact("Times of", reading.timeZone),
    fact("Currencies", reading.currencies?.join(", ")),
    fact("Noticed", warnings.map(words).join(", ")),
  ].filter(Boolean).flat()));
}

// The rows and the trades of an import, page by page. `rows.onDecision` is told what the reader decides about a row.
async function tables(path, { counts }) {
  const rows = { onDecision: () => {} };
  const only = h("select", { id: "outcome", onchange: () => rowPages.begin() },
    h("option", { value: "" }, "All"), OUTCOMES.map((outcome) => h("option", { value: outcome, selected: outcome === "CHANGED" && counts.changed > 0 }, words(outcome))));
  const rowPages = pages(listImportRows, path, "Rows", ["Line", "Outcome", "What", "When", "Decision", "Remarks"], [],
    (each) => rowLine(each, (decision) => rows.onDecision(each.line, decision)), () => (only.value ? { outcome: [only.value] } : {}));
  const totals = h("ul");
  const tradePages = pages(listImportTrades, path, "Trades", ["Change", "Symbol", "Side", "Quantity", "Opened", "Net P&L"], ["Quantity", "Net P&L"], tradeLine, () => ({}), (data) => {
    totals.replaceChildren(...(data.totals ?? []).map((each) => h("li", { class: sign(each.netPnl) },
      `Closed trades: ${each.trades > 0 ? "+" : ""}${each.trades}. Net ${decimal(each.netPnl)} ${each.currency ?? ""}, gross ${decimal(each.grossPnl)}, costs ${decimal(each.costs)}`)));
  });
  await Promise.all([rowPages.begin(), tradePages.begin()]);
  rows.node = h("div", {}, h("p", { class: "field" }, h("label", { for: "outcome" }, "Outcome"), only), rowPages.node);
  return { rows, trades: { node: h("div", {}, totals, tradePages.node) } };
}

function pages(operation, path, name, heads, numbers, line, query, first = () => {}) {
  const body = h("tbody");
  const button = h("button", { type: "button", onclick: () => load(next) }, `More ${name.toLowerCase()}`);
  let next;
  async function load(nextToken) {
    const { data } = await call(operation, { path, query: { ...query(), limit: 50, nextToken } });
    if (!nextToken) {
      body.replaceChildren();
      first(data);
    }
    body.append(...data.items.map(line));
    next = data.nextToken;
    button.hidden = !next;
  }
  const node = h("div", {}, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col", class: numbers.includes(head) && "number" }, head)))), body)),
  h("p", { class: "more" }, button));
  return { node, begin: () => load() };
}

function rowLine(row, decide) {
  const [fill] = row.executions, [cash] = row.cash, [action] = row.actions;
  const what = fill ? `${fill.symbol} ${words(fill.side ?? fill.kind)} ${decimal(fill.quantity)} at ${decimal(fill.price)}${row.executions.length > 1 ? ", and its close" : ""}`
    : cash ? `${words(cash.type)} ${decimal(cash.amount)} ${cash.currency ?? ""}`
      : action ? `${words(action.type)} ${action.symbol}` : Object.values(row.raw).filter(Boolean).join(" ").slice(0, 80);
  const choices = DECISIONS[row.outcome] ?? ["IMPORT", "SKIP"];
  const decision = choices.length > 0 && h("select", { "aria-label": `Decision about line ${row.line}`, onchange: (event) => decide(event.target.value) },
    !row.decision && h("option", { value: "", disabled: true, selected: true }, "Decide"),
    choices.map((choice) => h("option", { value: choice, selected: choice === row.decision }, words(choice))));
  return h("tr", {},
    h("th", { scope: "row" }, String(row.line)),
    h("td", {}, words(row.outcome)),
    h("td", { class: "wide" }, what),
    h("td", {}, clock(fill?.executedAt ?? cash?.at ?? action?.effectiveAt)),
    h("td", {}, decision || "–"),
    h("td", { class: "wide" }, [row.detail, ...row.warnings.map(({ detail }) => detail)].filter(Boolean).join("; ")));
}

function tradeLine({ change, trade }) {
  const result = trade.netPnl ?? trade.realizedPartialPnl;
  return h("tr", {},
    h("td", {}, words(change)),
    h("th", { scope: "row" }, trade.symbol),
    h("td", {}, words(trade.side)),
    h("td", { class: "number" }, decimal(trade.quantity)),
    h("td", {}, clock(trade.openDate)),
    h("td", { class: `number ${sign(result)}` }, trade.status === "OPEN" ? "–" : decimal(result)));
}
