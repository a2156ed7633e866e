// Imports: choose a broker's file, see what would become of its rows, decide, record it, and take it back.

import { createImport, listImports, listTradingAccounts } from "trading-journal-client";
import { call } from "./api.js";
import { card } from "./account.js";
import { form, h } from "./dom.js";
import { clock, words } from "./format.js";
import { ORPHANS, preview } from "./import-preview.js";

const KINDS = ".csv,.tsv,.txt,.xml,.htm,.html";
export async function imports([importId]) {
  return importId ? preview(importId) : chooser();
}

async function chooser() {
  const [{ data: accounts }, { data: page }] = await Promise.all([call(listTradingAccounts), call(listImports, { query: { limit: 20 } })]);
  return { title: "Imports", content: [card(h("h2", {}, "Import a file"), sending(accounts.items)), list(page.items)] };
}

function sending(accounts) {
  const input = h("input", { id: "statement", type: "file", accept: KINDS, required: true, onchange: () => chosen() });
  const name = h("p", { role: "status", class: "hint" }, "CSV, XML or HTML, up to 20 MiB. Nothing is recorded before you agree.");
  const chosen = () => { name.textContent = input.files[0]?.name ?? ""; };
  // The whole area takes a dropped file; the input in it is what the keyboard reaches.
  const area = h("div", {
    class: "field drop",
    ondragover: (event) => { event.preventDefault(); area.classList.add("over"); },
    ondragleave: () => area.classList.remove("over"),
    ondrop: (event) => {
      event.preventDefault();
      area.classList.remove("over");
      input.files = event.dataTransfer.files;
      chosen();
    },
  }, h("label", { for: "statement" }, "Choose a file, or drop it here"), input, name);
  // The same key as long as the same file is sent in the same way: a second press makes no second import.
  let key, sent;
  return form({
    fields: [
      area,
      { name: "accountId", label: "Account", type: "select", options: [["", "The default one"], ...accounts.map((each) => [each.accountId, each.name])] },
      { name: "timeZone", label: "Time zone", hint: "Of times without an offset, as America/New_York; empty for the account's." },
      { name: "orphanPolicy", label: "Closes of what was never opened", type: "select", options: ORPHANS },
    ],
    submit: "Show what it would do",
    send: async (given) => {
      const [file] = input.files;
      if (!file) {
        name.textContent = "Choose a file first.";
        input.focus();
        return;
      }
      const body = { ...given, fileName: file.name.replace(/[|<>"]/g, "_").slice(-255) };
      const what = JSON.stringify([body, file.size, file.lastModified]);
      if (what !== sent) [key, sent] = [crypto.randomUUID(), what];
      const { data: made } = await call(createImport, { body, headers: { "Idempotency-Key": key } });
      name.textContent = "Sending …";
      try {
        await upload(made.upload, file);
      } catch (error) {
        name.textContent = error.message;
        return;
      }
      sent = undefined;
      location.hash = `#/imports/${made.import.importId}`;
    },
  });
}

// The API signs a form for one file, which goes to the bucket without passing through it.
async function upload({ url, fields, maxBytes }, file) {
  if (file.size > maxBytes) throw new Error(`The file is too large: up to ${maxBytes} bytes can be imported.`);
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("file", file);
  const answer = await fetch(url, { method: "POST", body });
  if (!answer.ok) throw new Error("The bucket refused the file.");
}

function list(found) {
  if (!found.length) return card(h("h2", {}, "Earlier imports"), h("p", { class: "hint" }, "None yet."));
  return card(h("h2", {}, "Earlier imports"), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Earlier imports" }, h("table", {},
    h("thead", {}, h("tr", {}, ["File", "Begun", "Status", "Rows"].map((head) => h("th", { scope: "col", class: head === "Rows" && "number" }, head)))),
    h("tbody", {}, found.map((one) => h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#/imports/${one.importId}` }, one.fileName)),
      h("td", {}, clock(one.createdAt)),
      h("td", {}, words(one.status)),
      h("td", { class: "number" }, String(one.counts.rows))))))));
}
