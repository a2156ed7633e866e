// Swagger UI fills a form with the document's examples. That is right for a body; an optional filter or a retry key that
// nobody chose is not: the form would ask for one symbol, one day and a page token that was never given out.
const OptionalParametersStartEmpty = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (document) => {
          for (const parameter of Object.values(document?.components?.parameters ?? {})) {
            delete parameter.example;
            if (parameter.required) continue;
            const named = parameter.schema.$ref?.split("/").pop();
            const { example, ...schema } = named ? document.components.schemas[named] : parameter.schema;
            parameter.schema = schema;
            if (schema.items) schema.items = { type: "string" };
            parameter.description += ` For instance \`${[].concat(example)[0]}\`.`;
          }
          return update(document);
        },
      },
    },
  },
});

// An operation's path is a link inside the button that opens it, which keyboards and screen readers cannot tell apart.
// Opening an operation puts its link into the address bar; tags keep theirs.
const PathsAreNoLinks = ({ React }) => ({
  wrapComponents: {
    DeepLink: (Link) => (link) =>
      link.path?.includes("/") ? React.createElement("span", null, link.text) : React.createElement(Link, link),
  },
});

// Swagger UI leaves some of its controls without a name.
const NAMES = {
  "#servers": "Server",
  ".close-modal": "Close",
  ".examples-select-element": "Example",
  ".body-param__text": "Request body",
  ".content-type": "Media type",
  ".operation-filter-input": "Show only the tags that contain",
  ".parameters input": "Value",
  ".parameters select": "Value",
  "section.models button": "Schemas",
};
const nameControls = () => {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const control of document.querySelectorAll(`${selector}:not([aria-label])`)) {
      const parameter = control.closest("tr[data-param-name]")?.dataset.paramName;
      control.setAttribute("aria-label", parameter ?? name);
    }
  }
  // What scrolls has to be within the reach of the keyboard.
  for (const box of document.querySelectorAll("pre:not([tabindex]), .renderedMarkdown pre:not([tabindex])")) {
    if (!box.closest("button")) box.tabIndex = 0;
  }
};
new MutationObserver(nameControls).observe(document.getElementById("docs"), { childList: true, subtree: true });

// Dark or light as the system has it, until the reader says otherwise.
const system = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("scheme");
let chosen = null;
try {
  chosen = localStorage.getItem("scheme");
} catch {
  // No storage, no memory.
}
const show = () => {
  const dark = chosen ? chosen === "dark" : system.matches;
  document.documentElement.classList.toggle("dark-mode", dark);
  button.textContent = dark ? "Light" : "Dark";
  button.setAttribute("aria-label", `Show the page in ${dark ? "light" : "dark"} colors`);
};
button.addEventListener("click", () => {
  chosen = document.documentElement.classList.contains("dark-mode") ? "light" : "dark";
  try {
    localStorage.setItem("scheme", chosen);
  } catch {
    // Kept until the page is left.
  }
  show();
});
system.addEventListener("change", show);
show();

// The page lies beside the document: /v1/docs and /v1/openapi.yaml, whatever stands before them.
SwaggerUIBundle({
  url: new URL("openapi.yaml", location.href).href,
  dom_id: "#docs",
  deepLinking: true,
  filter: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  validatorUrl: null,
  plugins: [OptionalParametersStartEmpty, PathsAreNoLinks],
  presets: [SwaggerUIBundle.presets.apis],
});
