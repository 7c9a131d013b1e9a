// Adds a copy button to each block of commands, if the browser gives pages access to the clipboard.
if (navigator.clipboard) {
  for (const commands of document.querySelectorAll(".code.shell")) {
    const frame = document.createElement("div");
    frame.className = "copied";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "复制";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(commands.textContent.trim() + "\n");
      button.textContent = "已复制";
      setTimeout(() => { button.textContent = "复制"; }, 1500);
    });
    commands.replaceWith(frame);
    frame.append(commands, button);
  }
}
