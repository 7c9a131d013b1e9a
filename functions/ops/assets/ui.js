// Swagger UI on the document of this page. Nothing is kept in the browser, and nothing is told to a validator elsewhere.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
const ui = document.getElementById("ui");
SwaggerUIBundle({
  domNode: ui,
  url: ui.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
