// What every page needs: menus that close, the theme, and the bar that says what happened.

const root = document.documentElement;

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be closed to us
  }
}

// Light, dark, or as the system has it.
const themes = { system: "as the system", light: "light", dark: "dark" };

function show(theme) {
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-next] span")) {
    button.textContent = `Light or dark: ${themes[theme] ?? themes.system}`;
  }
}

show(remembered("theme"));

document.addEventListener("click", (event) => {
  const next = event.target.closest("[data-theme-next]");
  if (next) {
    const order = Object.keys(themes);
    const theme = order[(order.indexOf(root.dataset.theme ?? "system") + 1) % order.length];
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // shown for this page only
    }
    show(theme);
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A dialog closes by its own button; the browser returns the focus to where it was.
document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-close]");
  if (close) close.closest("dialog")?.close();
  else if (event.target.matches?.("dialog.drawer, dialog.sheet")) {
    const box = event.target.getBoundingClientRect();
    const inside =
      event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

// A bar that the server rendered after a redirect (class "toast" inside #toasts) closes like the others.
document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest(".toast")?.remove();
});

// A form that asks while one chooses keeps the address in step, so that it can be loaded again and sent to others.
for (const name of ["change", "input"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest("form[data-address]");
    if (!form) return;
    const asked = [...new FormData(form)].filter(([, value]) => value);
    history.replaceState(null, "", asked.length ? `?${new URLSearchParams(asked)}` : location.pathname);
  });
}
