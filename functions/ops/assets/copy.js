// Adds a copy button to each block of commands and to each text with data-copy, if the browser gives pages access to the clipboard. Blocks of
// commands can be scrolled with the keyboard.
const button = (text) => {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "复制";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "已复制";
    setTimeout(() => { button.textContent = "复制"; }, 1500);
  });
  return button;
};
for (const commands of document.querySelectorAll(".code.shell")) commands.tabIndex = 0;
if (navigator.clipboard) {
  for (const commands of document.querySelectorAll(".code.shell")) {
    const frame = document.createElement("div");
    frame.className = "copied";
    commands.replaceWith(frame);
    frame.append(commands, button(commands.textContent.trim() + "\n"));
  }
  for (const text of document.querySelectorAll("[data-copy]")) {
    text.after(" ", button(text.textContent));
  }
}
