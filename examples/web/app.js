// Where it starts: which view an address shows. Addresses are `#/path?parameters`, so that any web server can serve this.

import { onSignedOut, session } from "./api.js";
import { $, h, notify } from "./dom.js";
import * as account from "./account.js";
import { dashboard } from "./dashboard.js";
import { imports } from "./imports.js";
import { add, trade } from "./trade.js";
import { trades } from "./trades.js";

const OPEN_TO_ALL = { "log-in": account.logInView, "sign-up": account.signUpView, "forgot": account.forgotView };
const VIEWS = { "": dashboard, trades, add, trade, imports, account: account.accountView };

// A view gets the address's further steps and its parameters, and returns a title and elements.
async function show() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...steps] = path.split("/").map(decodeURIComponent);
  const isSignedIn = await session.isSignedIn();
  const view = OPEN_TO_ALL[name] ?? (isSignedIn ? VIEWS[name] : account.logInView);
  $("#menu").hidden = !isSignedIn;
  for (const link of $("#menu").children) {
    if (link.getAttribute("href") === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const main = $("#main");
  const address = location.hash;
  main.setAttribute("aria-busy", "true");
  main.inert = true; // nothing is typed into a view that is about to go
  const { title, content } = await (view ?? missing)(steps, new URLSearchParams(query)).catch(failed);
  if (address !== location.hash) return; // the reader went on meanwhile
  main.replaceChildren(h("h1", { tabindex: -1 }, title), ...content);
  main.removeAttribute("aria-busy");
  main.inert = false;
  document.title = `${title} · Trading journal`;
  $("h1", main).focus({ preventScroll: true });
  scrollTo(0, 0);
}

const missing = async () => ({ title: "There is no such page", content: [h("p", {}, h("a", { href: "#/" }, "To the dashboard"))] });

const failed = (error) => ({
  title: error.status === 404 ? "There is nothing here" : "This did not work",
  content: [h("p", { role: "alert" }, [error.message, ...(error.fields ?? []).map(({ pointer, detail }) => `${pointer} ${detail}.`)].join(" ")),
    h("p", {}, h("button", { onclick: show }, "Try again"))],
});

onSignedOut((reason) => {
  notify(reason);
  if (location.hash === "#/log-in") show();
  else location.hash = "#/log-in";
});
addEventListener("hashchange", show);
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  notify(event.reason?.message ?? "This did not work.");
});
show();
