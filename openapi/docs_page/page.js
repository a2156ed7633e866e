// The page lies beside the document: /v1/docs and /v1/openapi.yaml, whatever stands before them.
SwaggerUIBundle({
  url: new URL("openapi.yaml", location.href).href,
  dom_id: "#docs",
  deepLinking: true,
  filter: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  tryItOutEnabled: false,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
