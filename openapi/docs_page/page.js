"use strict";
// What each operation's form is made of, by operationId.
const FORMS = /* {{forms}} */ {};
// Many operations have the same parameters: the page holds each of them once.
const PARAMETERS = /* {{parameters}} */ {};
for (const form of Object.values(FORMS)) form.parameters = form.parameters.map((place) => PARAMETERS[place]);
// For Postman and Bruno; its folders name operations, whose requests are made of their forms.
const COLLECTION = /* {{collection}} */ {};
// The page lies beside the operations: /v1/docs and /v1/trades, whatever stands before them.
const BASE = location.href.replace(/[?#].*$/, "").replace(/\/docs\/?$/, "");
const IS_LOCAL = ["localhost", "127.0.0.1"].includes(location.hostname);
const DEMO = { email: "demo@example.com", password: "Demo-Journal-2026" }; // of `make run`, on this machine alone
const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
// Storage may be refused: then what is kept lasts as long as the page.
const kept = (storage) => ({
  get: (name) => { try { return storage()[name] ?? null; } catch { return null; } },
  set: (name, value) => { try { if (value === null) delete storage()[name]; else storage()[name] = value; } catch { /* as above */ } },
});
const settings = kept(() => localStorage), session = kept(() => sessionStorage);

// Dark or light as the system has it, until the reader says otherwise.
const system = matchMedia("(prefers-color-scheme: dark)");
let chosen = settings.get("scheme");
const showScheme = () => {
  const dark = chosen ? chosen === "dark" : system.matches;
  document.documentElement.classList.toggle("dark", dark);
  $("#scheme").textContent = dark ? "Light" : "Dark";
  $("#scheme").setAttribute("aria-label", `Show the page in ${dark ? "light" : "dark"} colors`);
};
$("#scheme").addEventListener("click", () => {
  chosen = document.documentElement.classList.contains("dark") ? "light" : "dark";
  settings.set("scheme", chosen);
  showScheme();
});
system.addEventListener("change", showScheme);
showScheme();

// Every operation has tabs for its samples, and buttons; made here, since they do nothing without this script.
const LANGUAGES = { bash: "curl", typescript: "TypeScript", python: "Python" };
const named = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};
for (const { id } of all("[data-operation]")) {
  const code = $(`#${id} .code`), panels = all("pre[data-language]", code);
  const tabs = panels.map((panel, index) => {
    const { language } = panel.dataset;
    panel.id = `${id}-${language}`;
    named(panel, { role: "tabpanel", "aria-labelledby": `${panel.id}-tab` });
    const tab = make("button", { type: "button", id: `${panel.id}-tab`, textContent: LANGUAGES[language], tabIndex: index ? -1 : 0 });
    tab.dataset.language = language;
    return named(tab, { role: "tab", "aria-controls": panel.id, "aria-selected": !index });
  });
  panels[0].before(named(make("div", { className: "tabs" }, ...tabs), { role: "tablist", "aria-label": `Samples of ${id}` }));
  panels.at(-1).after(
    make("p", { className: "actions" },
      named(make("button", { type: "button", className: "copy", textContent: "Copy" }), { "aria-label": `Copy the sample of ${id}` }), " ",
      named(make("button", { type: "button", className: "try", textContent: "Try it" }), { "aria-label": `Try ${id}`, "aria-expanded": false })),
    make("div", { className: "form", hidden: true }));
}

// Samples have this host's address.
const samples = [...all(".code pre[role=tabpanel], #guide pre, #more pre"), ...all("template").map((each) => each.content)];
for (const pre of samples) {
  for (const node of all("*", pre).concat(pre).flatMap((each) => [...each.childNodes])) {
    if (node.nodeType === Node.TEXT_NODE) node.data = node.data.replaceAll("https://host/v1", BASE);
  }
}

// Strings, comments, words of the languages and numbers get their colours when they come into view.
const WORDS = /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|((?<=^|\s)(?:\/\/|#).*)|\b(as|async|await|const|curl|export|false|from|if|import|let|new|null|return|throw|true|with|False|None|True)\b|(-?\b\d+(?:\.\d+)?\b)/gm;
const colour = (pre) => {
  const text = pre.textContent, parts = [];
  let end = 0;
  for (const found of text.matchAll(WORDS)) {
    const [word, string, comment, keyword] = found, next = found.index + word.length;
    const kind = string ? (text[next] === ":" ? "n" : "s") : comment ? "c" : keyword ? "k" : "n";
    parts.push(text.slice(end, found.index), make("span", { className: kind, textContent: word }));
    end = next;
  }
  pre.replaceChildren(...parts, text.slice(end));
};
const nearby = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) { nearby.unobserve(target); colour(target); }
}, { rootMargin: "500px" });
for (const pre of all(".code pre")) nearby.observe(pre);

// A language that is chosen once is chosen in every sample.
const showLanguage = (language) => {
  for (const tab of all("[role=tab]")) {
    const is = tab.dataset.language === language;
    tab.setAttribute("aria-selected", is);
    tab.tabIndex = is ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !is;
  }
};
if (settings.get("language")) showLanguage(settings.get("language"));
for (const tab of all("[role=tab]")) {
  tab.addEventListener("click", () => {
    const before = tab.getBoundingClientRect().top;
    settings.set("language", tab.dataset.language);
    showLanguage(tab.dataset.language);
    scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
  });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = all("[role=tab]", tab.parentElement);
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
}

// Of several examples, the chosen one is what the samples show and what the form begins with.
for (const pick of all(".example")) {
  pick.addEventListener("change", () => {
    const code = pick.closest(".code"), id = pick.closest("[data-operation]").dataset.operation;
    for (const template of all(`template[data-example="${pick.value}"]`, code)) {
      const panel = document.getElementById(`${id}-${template.dataset.language}`);
      panel.replaceChildren(template.content.cloneNode(true));
      colour(panel);
    }
    const body = $(".form textarea", code);
    if (body) body.value = FORMS[id].bodies[pick.value];
  });
}

// The requests of an operation in the collection: one for each of its examples, made of the same form as "Try it".
const given = (form, place) => form.parameters.filter((each) => each.in === place).flatMap((each) => {
  const values = each.list && each.exploded ? each.example.split(", ") : [each.list ? each.example.replaceAll(", ", ",") : each.example];
  return values.map((value) => ({ key: each.name, value, disabled: !each.required }));
});
const requestsOf = (form) => form.requests.map((name, place) => {
  const path = form.path.slice(1).split("/").map((step) => step.replace(/^\{(.*)\}$/, ":$1"));
  const query = given(form, "query"), variable = given(form, "path").map(({ key, value }) => ({ key, value }));
  const sent = query.filter((each) => !each.disabled).map((each) => `${each.key}=${each.value}`).join("&");
  const header = given(form, "header").map((each) => (each.key === "Idempotency-Key" ? { ...each, value: "{{$guid}}", disabled: false } : each));
  if (form.media) header.push({ key: "Content-Type", value: form.media });
  const url = { raw: ["{{baseUrl}}", ...path].join("/") + (sent && `?${sent}`), host: ["{{baseUrl}}"], path };
  if (query.length) url.query = query;
  if (variable.length) url.variable = variable;
  const request = { method: form.method, header, url }, raw = form.bodies[place];
  if (!form.secured) request.auth = { type: "noauth" };
  if (raw) request.body = { mode: "raw", raw, options: { raw: { language: "json" } } };
  return form.event ? { name, request, event: form.event } : { name, request };
});

// The collection with this host's address.
$("#download").addEventListener("click", () => {
  const variable = COLLECTION.variable.map((each) => (each.key === "baseUrl" ? { ...each, value: BASE } : each));
  const item = COLLECTION.item.map((folder) => ({ ...folder, item: folder.item.flatMap((id) => requestsOf(FORMS[id])) }));
  const file = new Blob([JSON.stringify({ ...COLLECTION, variable, item }, null, 2)], { type: "application/json" });
  const address = URL.createObjectURL(file);
  make("a", { href: address, download: "trading-journal.postman_collection.json" }).click();
  URL.revokeObjectURL(address);
});

for (const button of all(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($("pre[role=tabpanel]:not([hidden])", button.closest(".code")).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

// The access token of logIn lasts as long as the tab, also when the page is loaded again.
const showSession = () => {
  const token = session.get("token");
  $("#session").replaceChildren(
    token
      ? make("button", { type: "button", textContent: "Log out", onclick: () => { session.set("token", null); showSession(); } })
      : make("button", { type: "button", textContent: "Log in", onclick: () => { location.hash = "logIn"; openForm("logIn"); } }),
  );
};
showSession();

const openForm = (id) => {
  const entry = document.getElementById(id), form = $(".form", entry), operation = FORMS[id];
  $(".try", entry).setAttribute("aria-expanded", "true");
  if (form.firstChild) { form.hidden = false; return form; }
  const inputs = operation.parameters.map((parameter) => {
    const input = make("input", { name: parameter.name, placeholder: parameter.example, required: parameter.required });
    if (parameter.required) input.value = parameter.example;
    const words = `${parameter.name} (${parameter.in}${parameter.required ? "" : ", optional"}${parameter.list ? ", values separated by commas" : ""})`;
    form.append(make("label", {}, words, input));
    return { ...parameter, input };
  });
  let body = null;
  if (operation.bodies.length) {
    body = make("textarea", { value: operation.bodies[$(".example", entry)?.value ?? 0], spellcheck: false });
    form.append(make("label", {}, "Body", body));
  }
  const answer = make("div", {});
  answer.setAttribute("role", "status");
  const send = make("button", { type: "button", className: "send", textContent: "Send" });
  send.addEventListener("click", () => request(operation, inputs, body, answer));
  form.append(send);
  if (id === "logIn" && IS_LOCAL) {
    const demo = make("button", { type: "button", textContent: "Use the demo login" });
    demo.addEventListener("click", () => { body.value = JSON.stringify(DEMO, null, 2); });
    form.append(demo);
  }
  form.append(answer);
  form.hidden = false;
  return form;
};

const request = async (operation, inputs, body, answer) => {
  let path = operation.path;
  const query = new URLSearchParams(), headers = {};
  for (const { name, in: place, list, exploded, input } of inputs) {
    const value = input.value;
    if (value === "") continue;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    if (place === "header") headers[name] = value;
    if (place === "query") for (const one of list && exploded ? value.split(",") : [value]) query.append(name, one.trim());
  }
  if (operation.secured && session.get("token")) headers.Authorization = `Bearer ${session.get("token")}`;
  if (body) headers["Content-Type"] = operation.media;
  answer.replaceChildren("…");
  const began = performance.now();
  try {
    const got = await fetch(BASE + path + (query.size ? `?${query}` : ""), { method: operation.method, headers, body: body?.value });
    const text = await got.text();
    let shown = text, json = null;
    try { json = JSON.parse(text); shown = JSON.stringify(json, null, 2); } catch { /* no JSON */ }
    remember(operation, got, json);
    const head = make("p", {}, make("b", { className: `status s${String(got.status)[0]}`, textContent: got.status }), ` in ${Math.round(performance.now() - began)} ms`);
    if (got.headers.get("etag")) head.append(", ETag ", make("code", { textContent: got.headers.get("etag") }));
    const pre = make("pre", { textContent: shown || "no body", tabIndex: 0 });
    answer.replaceChildren(head, pre);
  } catch (error) {
    answer.replaceChildren(`No answer: ${error.message}`);
  }
};

const remember = (operation, got, json) => {
  if (got.ok && json?.accessToken) session.set("token", json.accessToken);
  else if (operation.secured && got.status === 401) session.set("token", null);
  else if (got.ok && ["/auth/logout-all", "/auth/account"].includes(operation.path) && operation.method !== "GET") session.set("token", null);
  // What the answer names is offered where the next request needs it.
  const etag = got.headers.get("etag");
  if (got.ok && etag && operation.secured) for (const input of all("input[name='If-Match']")) input.placeholder = etag;
  showSession();
};

for (const button of all(".try")) {
  button.addEventListener("click", () => {
    const id = button.closest("[data-operation]").dataset.operation, form = $(".form", button.closest(".code"));
    if (form.firstChild && !form.hidden) { form.hidden = true; button.setAttribute("aria-expanded", "false"); return; }
    $("textarea, input, button", openForm(id)).focus();
  });
}

// Search: entries that have all the words; those that have them in their labels come first in the side bar.
const entries = all(".entry").map((node) => {
  const link = $(`nav a[href="#${node.id}"]`);
  return { link: link.parentElement, label: `${link.textContent} ${node.id} ${$(".route", node)?.textContent ?? ""}`.toLowerCase(), text: node.textContent.toLowerCase() };
});
const search = $("#search");
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0, first = null;
  for (const { link, label, text } of entries) {
    const inLabel = words.every((word) => label.includes(word)), found = inLabel || words.every((word) => text.includes(word));
    link.hidden = !found;
    link.classList.toggle("hit", words.length > 0 && inLabel);
    if (found) count += 1;
    if (found && (!first || (inLabel && !first.inLabel))) first = { link, inLabel };
  }
  for (const list of all("nav ul")) list.previousElementSibling.hidden = words.length > 0 && all("li:not([hidden])", list).length === 0;
  $("#hits").textContent = words.length ? `${count} found` : "";
  search.dataset.first = first ? $("a", first.link).getAttribute("href") : "";
  if (words.length) openMenu(true);
});
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && search.dataset.first) { location.hash = search.dataset.first; openMenu(false); }
  if (event.key === "Escape") { search.value = ""; search.dispatchEvent(new Event("input")); search.blur(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea")) { event.preventDefault(); search.focus(); }
});

const openMenu = (open) => {
  $("nav").classList.toggle("open", open);
  $("#menu").setAttribute("aria-expanded", open);
};
$("#menu").addEventListener("click", () => openMenu(!$("nav").classList.contains("open")));
$("nav").addEventListener("click", (event) => { if (event.target.closest("a")) openMenu(false); });

// The side bar says where the reader is.
const mark = () => {
  for (const link of all("nav a[aria-current]")) link.removeAttribute("aria-current");
  all("nav li a").find((link) => link.getAttribute("href") === location.hash)?.setAttribute("aria-current", "location");
};
addEventListener("hashchange", mark);
if (location.hash) mark();
