// Shows openapi.json. Nothing is asked of anybody else: no validator, no fonts, no analytics.
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    presets: [SwaggerUIBundle.presets.apis],
    validatorUrl: null,
  });
});
