// What a person decides when somebody else changed the trade first: field by field, or all of theirs.

import { ask, h } from "./dom.js";

// `before` is what the person saw, `patch` what they changed, `newer` what is stored by now. Returns the patch to send to
// the newer version; undefined to give up. Fields that only others changed are shown, and stay as they are.
export function resolved(fields, before, patch, newer, asText) {
  const touched = fields.filter(({ name }) => name in patch || asText(before[name]) !== asText(newer[name]));
  const text = (value) => asText(value) || "none";
  return ask("Somebody else changed this trade", (close) => {
    const choice = ({ name, label }) => {
      const radio = (value, shown) => h("label", {},
        h("input", { type: "radio", name, value, checked: value === (asText(newer[name]) === asText(before[name]) ? "mine" : "stored") }), ` ${shown}`);
      return h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, text(before[name])),
        h("td", {}, name in patch ? radio("mine", text(patch[name])) : "not changed"),
        h("td", {}, name in patch ? radio("stored", text(newer[name])) : text(newer[name])));
    };
    const form = h("form", {},
      h("p", {}, `You began with version ${before.version}; by now there is version ${newer.version}. Choose what is to be kept.`),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Both versions" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Field", "You saw", "You want", "Stored now"].map((head) => h("th", { scope: "col" }, head)))),
        h("tbody", {}, touched.map(choice)))),
      h("p", { class: "actions" },
        h("button", { class: "primary" }, "Save what is chosen"),
        h("button", { type: "button", onclick: () => close(patch) }, "Overwrite with all of mine"),
        h("button", { type: "button", onclick: () => close(undefined) }, "Keep what is stored")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = new FormData(form);
      close(Object.fromEntries(Object.entries(patch).filter(([name]) => chosen.get(name) === "mine")));
    });
    return form;
  });
}
