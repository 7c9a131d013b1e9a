// Filters the list of operations by every word of the query: names, paths, ids and fields. Without this script the list is complete.
const frame = document.querySelector(".search");
const input = frame.querySelector("input");
const status = frame.querySelector("[role=status]");
const browse = document.getElementById("browse");
const operations = [...document.querySelectorAll(".operations li")].map((line) => {
  const fields = line.dataset.words.split(" ");
  return { line, fields, text: `${line.textContent} ${line.dataset.words}`.toLowerCase(), shown: line.textContent.toLowerCase() };
});
const filter = () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { line, fields, text, shown } of operations) {
    const found = words.every((word) => text.includes(word));
    line.hidden = !found;
    count += found;
    // A match that the line does not show itself.
    const hidden = fields.filter((field) => words.some((word) => !shown.includes(word) && field.toLowerCase().includes(word)));
    line.querySelector(".fields")?.remove();
    if (found && hidden.length) {
      const names = document.createElement("small");
      names.className = "fields";
      names.textContent = `字段 ${hidden.slice(0, 5).join("、")}`;
      line.append(names);
    }
  }
  for (const part of document.querySelectorAll(".group, .api")) {
    part.hidden = !part.querySelector("li:not([hidden])");
  }
  browse.hidden = words.length > 0;
  status.textContent = words.length ? (count ? `${count} 个接口` : "没有这样的接口") : "";
  const address = new URL(location.href);
  words.length ? address.searchParams.set("q", input.value) : address.searchParams.delete("q");
  history.replaceState(null, "", address);
};
frame.hidden = false;
input.value = new URLSearchParams(location.search).get("q") ?? "";
input.addEventListener("input", filter);
if (input.value) filter();
