// Swagger UI on the document of this page. Nothing is kept in the browser, and nothing is told to a validator elsewhere.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
// A secret key stays out of the browser. The examples' placeholders of a signature are not sent, so that an access_token counts.
const withoutPlaceholders = (request) => {
  const url = new URL(request.url, location.href);
  if (url.searchParams.get("signature") === "YOUR_SIGNATURE") {
    ["access_key", "tonce", "signature"].forEach((name) => url.searchParams.delete(name));
    request.url = url.href;
  }
  return request;
};
const ui = document.getElementById("ui");
// Its state can be asked for from the console.
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
