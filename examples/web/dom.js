// The few functions that make elements, forms and dialogs. Text always goes through textContent: no markup from data.

import { Refused } from "./api.js";

export const $ = (selector, root = document) => root.querySelector(selector);

// An element: h("a", { href, class, "aria-label" }, "text", node, ...). Properties that are false or undefined are left out.
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return node;
}

// Says something that a screen reader reads aloud and that goes away by itself.
let timer;
export function notify(text) {
  const notice = $("#notice");
  notice.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => { notice.textContent = ""; }, 6000);
}

let ids = 0;

// A label, its input and the place for its error. `field` is { name, label, type, options, hint, ...attributes }.
function labelled({ name, label, type = "text", options, hint, value, ...attributes }) {
  const id = `field-${++ids}`;
  const common = { id, name, "aria-describedby": `${id}-hint ${id}-error`, ...attributes };
  let input;
  if (type === "select") {
    input = h("select", common, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  } else if (type === "area") {
    input = h("textarea", { ...common, rows: 3, value });
  } else {
    input = h("input", { ...common, type, value, autocomplete: common.autocomplete ?? "off" });
  }
  return h("div", { class: `field ${type}` },
    h("label", { for: id }, label, attributes.required && h("span", { class: "required", "aria-hidden": "true" }, " *")),
    input,
    h("p", { class: "hint", id: `${id}-hint` }, hint ?? ""),
    h("p", { class: "error", id: `${id}-error` }));
}

// A form that shows what the API refuses at the fields it names. `send` gets the values that are not empty, as strings.
export function form({ fields, submit, send, extra = [], ...attributes }) {
  const summary = h("p", { class: "error summary", role: "alert" });
  const button = h("button", { class: "primary" }, submit);
  const node = h("form", { novalidate: true, ...attributes }, summary, fields.map((field) => (field instanceof Node ? field : labelled(field))),
    h("p", { class: "actions" }, button, extra));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    showErrors(node, summary, []);
    button.disabled = true;
    try {
      await send(values(node));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      showErrors(node, summary, error.fields, error.message);
    } finally {
      button.disabled = false;
    }
  });
  return node;
}

export function values(node) {
  return Object.fromEntries([...new FormData(node)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
}

// An error's `pointer` is a JSON pointer into the body, or a slash and a parameter's name: its first step is the field.
function showErrors(node, summary, errors, message = "") {
  for (const place of node.querySelectorAll(".field .error")) place.textContent = "";
  for (const input of node.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const others = [];
  for (const { pointer, detail } of errors) {
    const name = pointer.split("/")[1] ?? "";
    const input = node.elements.namedItem(name);
    if (!input) {
      others.push(`${name}: ${detail}`);
      continue;
    }
    input.setAttribute("aria-invalid", "true");
    $(`#${input.id}-error`).textContent = detail;
  }
  summary.textContent = [message, ...others].filter(Boolean).join(" ");
  $("[aria-invalid]", node)?.focus();
}

// Asks in a modal dialog. Returns what `content(close)` closes it with; undefined when it is dismissed.
export function ask(title, content) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("h2", { id: "dialog-title" }, title));
    let answer;
    dialog.append(...[content((value) => { answer = value; dialog.close(); })].flat());
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
