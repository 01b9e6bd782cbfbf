// Copy buttons; and a key that was just made is not asked for again when the page is loaded anew.

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const words = button.querySelector("span");
  const usual = words.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      words.textContent = "Copied";
    } catch {
      // The clipboard is closed on plain http: select it, so that one press of Ctrl+C does it.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      words.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (words.textContent = usual), 3000);
  });
}

const made = document.querySelector("[data-made]");
if (made) {
  history.replaceState(null, "", location.href);
  made.focus();
}
