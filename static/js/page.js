// What the page's own scripts share: asking the server, and saying what happened. No side effects on load.

export function csrfToken() {
  const inherited = document.body.getAttribute("hx-headers:inherited");
  return inherited ? JSON.parse(inherited)["X-CSRFToken"] : "";
}

// The answer of the server as {status, body}; status 0 when it cannot be reached, 401 when one is signed out.
export async function ask(url, fields, options = {}) {
  const request = { headers: { Accept: "application/json", "HX-Request": "true" }, ...options };
  if (fields) {
    request.method = "POST";
    request.headers["X-CSRFToken"] = csrfToken();
    request.body = fields instanceof FormData ? fields : new URLSearchParams(fields);
  }
  let answer;
  try {
    answer = await fetch(url, request);
  } catch {
    return { status: 0, body: {} };
  }
  if (answer.redirected && answer.url.includes("/accounts/")) return { status: 401, body: {} };
  const kind = answer.headers.get("Content-Type") ?? "";
  const body = kind.includes("json") ? await answer.json() : { html: await answer.text() };
  return { status: answer.status, body };
}

// The sentence for an answer that is no success.
export function sentenceOf({ status, body }) {
  if (body.problem) return body.problem.sentence;
  if (status === 0) return "The studio cannot be reached. Check the connection and try again.";
  if (status === 401) return "You are signed out. Sign in again in another tab, then repeat this.";
  if (status === 403) return "This page is too old. Load it again; what you typed is kept.";
  if (status === 404) return "This was removed in the meantime.";
  return "Something broke on our side. Nothing was charged; try again in a moment.";
}

// Says `text` for a while at the foot of the page; `undo` is a function that takes it back.
export function toast(text, undo) {
  const place = document.getElementById("toasts");
  const dialog = document.querySelector("dialog:modal"); // what lies behind one cannot be read
  if (dialog && !dialog.contains(place)) {
    dialog.append(place);
    dialog.addEventListener("close", () => document.body.append(place), { once: true });
  }
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
