// Swagger UI for the document of this page. It stores nothing in the browser and sends nothing to a validator.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
// Signing needs the secret key, which must not be in a browser. So the placeholders of a signature are removed, and the access_token is used.
const withoutPlaceholders = (request) => {
  const url = new URL(request.url, location.href);
  if (url.searchParams.get("signature") === "YOUR_SIGNATURE") {
    ["access_key", "tonce", "signature"].forEach((name) => url.searchParams.delete(name));
    request.url = url.href;
  }
  return request;
};
const ui = document.getElementById("ui");
// Makes the state available in the console.
window.swagger = SwaggerUIBundle({
  domNode: ui,
  url: ui.dataset.document,
  validatorUrl: null,
  requestInterceptor: withoutPlaceholders,
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
