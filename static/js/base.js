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

export function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

export function csrfToken() {
  const inherited = document.body.getAttribute("hx-headers:inherited");
  return inherited ? JSON.parse(inherited)["X-CSRFToken"] : "";
}

// Says `text` for a while at the foot of the page; `undo` is a function that takes it back.
export function toast(text, undo) {
  const place = document.getElementById("toasts");
  const bar = document.createElement("div");
  bar.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  bar.append(words);
  let timer = 0;
  const away = () => {
    clearTimeout(timer);
    bar.remove();
  };
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = "Undo";
    button.addEventListener("click", () => {
      away();
      undo();
    });
    bar.append(button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button";
  close.textContent = "Close";
  close.addEventListener("click", away);
  bar.append(close);
  place.replaceChildren(bar);
  // Nobody is hurried: the bar stays while the pointer or the focus is on it.
  const start = () => (timer = setTimeout(away, undo ? 12000 : 6000));
  bar.addEventListener("pointerenter", () => clearTimeout(timer));
  bar.addEventListener("focusin", () => clearTimeout(timer));
  bar.addEventListener("pointerleave", start);
  bar.addEventListener("focusout", start);
  start();
  return away;
}

// A bar that the server rendered after a redirect (class "toast" inside #toasts) closes like the others.
document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest(".toast")?.remove();
});
