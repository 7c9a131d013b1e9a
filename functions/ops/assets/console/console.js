// Makes the pages of the console quicker to use. All of them work without it.
(() => {
  "use strict";
  const dialog = document.getElementById("dialog");
  const body = document.getElementById("dialog-body");
  const live = document.getElementById("live");
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  let opener = null;

  // Forms open in a dialog: htmx fetches the page and takes its form.
  const intoDialog = (form) => {
    for (const [name, value] of Object.entries({ post: form.getAttribute("action") || "", target: "#dialog-body", select: "#form", swap: "innerHTML" })) {
      form.setAttribute(`hx-${name}`, value);
    }
    htmx.process(form);
  };

  const enhance = (root) => {
    all("form[data-dialog]:not([data-batch])", root).forEach(intoDialog);
    all("form[data-batch]", root).forEach((form) => {
      all("button[formaction]", form).forEach((button) => {
        for (const [name, value] of Object.entries({ post: button.getAttribute("formaction"), target: "#dialog-body", select: "#form", swap: "innerHTML", include: "#batch, [form=batch]" })) {
          button.setAttribute(`hx-${name}`, value);
        }
        htmx.process(button);
      });
      count();
    });
    all("form[data-replace]", root).forEach(intoDialogAgain);
    all("form[data-filters]", root).forEach((form) => {
      for (const [name, value] of Object.entries({ get: form.getAttribute("action"), target: "#result", select: "#result", swap: "outerHTML", trigger: "submit, change", "push-url": "true" })) {
        form.setAttribute(`hx-${name}`, value);
      }
      htmx.process(form);
    });
    // An import or an export goes on by itself, one step after the other.
    all("form[data-step]", root).forEach((form) => {
      for (const [name, value] of Object.entries({ post: form.getAttribute("action"), target: "#wizard", select: "#wizard", swap: "outerHTML", trigger: "load delay:150ms" })) {
        form.setAttribute(`hx-${name}`, value);
      }
      one("button", form).hidden = true;
      htmx.process(form);
    });
    all("[data-copy], .tools, [data-all]", root).forEach((element) => { element.hidden = false; });
  };

  const intoDialogAgain = (form) => {
    if (!dialog.contains(form)) return;
    for (const [name, value] of Object.entries({ post: form.getAttribute("action"), target: "#dialog-body", select: "#form", swap: "innerHTML" })) {
      form.setAttribute(`hx-${name}`, value);
    }
    htmx.process(form);
  };

  // An empty filter is not in the address.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("form[data-filters]")) return;
    const { parameters } = event.detail;
    for (const name of [...parameters.keys()]) if (parameters.get(name) === "") parameters.delete(name);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-filters]")) all("input, select", event.target).forEach((input) => { input.disabled = input.value === ""; });
    const button = event.submitter;
    if (event.target.matches("form[data-replace]") && button) setTimeout(() => { button.disabled = true; });
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.closest("form[data-dialog]")) opener = document.activeElement;
    live.textContent = live.dataset.loading;
    document.body.classList.add("loading");
  });
  document.addEventListener("htmx:afterRequest", () => {
    live.textContent = "";
    document.body.classList.remove("loading");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    enhance(document);
    if (event.detail.target !== body || !body.firstElementChild) return;
    enhance(body);
    if (!dialog.open) dialog.showModal();
    (one("[aria-invalid=true]", body) || one("select, textarea, input:not([type=hidden])", body) || one("button", body) || dialog).focus();
  });
  dialog.addEventListener("close", () => {
    body.replaceChildren();
    if (opener && opener.isConnected) opener.focus();
  });

  const count = () => {
    const form = one("form[data-batch]");
    if (!form) return;
    const chosen = all("[form=batch]:checked").length;
    one("[data-count]", form).textContent = chosen || "";
    all("button", form).forEach((button) => { button.disabled = chosen === 0 || chosen > 50; });
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) all("[form=batch]").forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-all], [form=batch]")) count();
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-close], [data-copy], [data-fill], [data-zoom], [data-rotate]");
    if (!target) return;
    if (target.matches("[data-close]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
    if (target.matches("[data-copy]")) {
      navigator.clipboard.writeText(target.dataset.copy).then(() => { target.textContent = target.dataset.done; });
    }
    if (target.matches("[data-fill]")) {
      const field = document.getElementById(target.dataset.fill);
      field.value = target.textContent;
      field.focus();
    }
    const photo = target.closest("figure") && one(".photo", target.closest("figure"));
    if (target.matches("[data-zoom]")) photo.classList.toggle("zoomed");
    if (target.matches("[data-rotate]")) photo.dataset.turn = (Number(photo.dataset.turn || 0) + 90) % 360;
  });

  // The keyboard: / goes to the first filter, j and k along the rows, Enter opens the row. Esc closes a dialog by itself.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const links = all("table[data-keys] tbody tr").map((row) => one("td a", row)).filter(Boolean);
    const at = links.indexOf(document.activeElement);
    if (event.key === "/") {
      const first = one("form[data-filters] input, form[data-filters] select");
      if (first) { event.preventDefault(); first.focus(); }
    } else if (event.key === "j" && links.length) {
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "k" && links.length) {
      links[Math.max(at - 1, 0)].focus();
    }
  });

  const menu = one(".menu");
  if (menu && matchMedia("(max-width: 56rem)").matches) menu.open = false;
  // A message with a button stays.
  const done = one(".done:not(:has(button))");
  if (done) setTimeout(() => done.classList.add("gone"), 6000);
  enhance(document);
})();
