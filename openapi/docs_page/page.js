// Swagger UI fills a form with the document's examples. That is right for a body; an optional filter or a retry key that
// nobody chose is not: the form would ask for one symbol, one day and a page token that was never given out.
const OptionalParametersStartEmpty = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (document) => {
          for (const parameter of Object.values(document?.components?.parameters ?? {})) {
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
  plugins: [OptionalParametersStartEmpty],
  presets: [SwaggerUIBundle.presets.apis],
});
