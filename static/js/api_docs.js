// Sends the requests of the documentation page, with the key that was typed there.

// An operation that is linked to is opened, also by a link of this page.
function show() {
  const linked = document.getElementById(location.hash.slice(1));
  if (linked?.matches("details")) {
    linked.open = true;
    linked.scrollIntoView();
  }
}

show();
window.addEventListener("hashchange", show);

const key = document.querySelector("[data-key]");
document.querySelector("[data-key-form]").addEventListener("submit", (event) => event.preventDefault());

const fresh = () => `docs-${Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("")}`;

for (const form of document.querySelectorAll("[data-try]")) {
  const once = form.querySelector('[name="Idempotency-Key"]');
  if (once) once.value = fresh();
  const status = form.querySelector("[data-status]");
  const answer = form.querySelector("[data-answer]");
  const button = form.querySelector("button");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = { Accept: "application/json" };
    if (key.value.trim()) headers.Authorization = `Bearer ${key.value.trim()}`;
    const query = new URLSearchParams();
    const sent = new FormData();
    let path = form.dataset.path;
    for (const input of form.querySelectorAll("[data-in]")) {
      const value = input.files?.[0] ?? input.value.trim();
      if (!value) continue;
      if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(value));
      else if (input.dataset.in === "form") sent.set(input.name, value);
      else if (input.dataset.in === "query") query.set(input.name, value);
      else headers[input.name] = value;
    }
    const body = form.querySelector("[data-body]");
    if (body) headers["Content-Type"] = "application/json";
    button.disabled = true;
    status.value = "Waiting for the answer…";
    const began = performance.now();
    try {
      const response = await fetch(query.size ? `${path}?${query}` : path, {
        method: form.dataset.method,
        headers,
        body: body?.value ?? (form.querySelector('[data-in="form"]') ? sent : undefined),
        credentials: "omit",
      });
      const text = await response.text();
      const spent = Math.round(performance.now() - began);
      status.value = `${response.status} ${response.statusText} in ${spent} ms · ${response.headers.get("X-Request-Id") ?? ""}`;
      let shown = text;
      try {
        const data = JSON.parse(text);
        shown = JSON.stringify(data, null, 2);
        if (data.object === "render") remember(data.id);
      } catch {
        // shown as it came
      }
      answer.firstElementChild.textContent = shown;
      answer.hidden = false;
    } catch {
      status.value = "No answer: is the studio still running?";
    } finally {
      button.disabled = false;
    }
  });
}

// The render that was made is the one to read and to cancel next.
function remember(id) {
  for (const input of document.querySelectorAll('[name="render_id"]')) input.value ||= id;
}
