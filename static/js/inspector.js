// The frame and what stands under it: presenter, voice, background, pictures, and what holds for all scenes.

import { ask, sentenceOf, toast } from "./page.js";
import { stop } from "./listen.js";
import { saverOf, say } from "./saving.js";
import { startOverlays } from "./overlays.js";
import { showSteps } from "./steps.js";
import { startUploads } from "./uploads.js";

function remembered(name, usual) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? usual;
  } catch {
    return usual;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // for this page only
  }
}

// `price()` asks again what the video costs and when it would be ready.
export function startInspector({ desk, arrangeAgain, manuscriptOf, price }) {
  const side = document.getElementById("side");
  const drawer = document.getElementById("drawer");
  let scene = "";
  let number = 0;
  let showing = 0;
  let naming = 0;
  let filtering = 0;

  // -- the frame: the old one stays until the new one is drawn

  function draw(url) {
    const box = document.getElementById("frame-box");
    const picture = document.getElementById("frame");
    if (!picture || picture.dataset.frame === url) return;
    picture.dataset.frame = url;
    box.dataset.drawing = "";
    delete box.dataset.failed;
    const next = new Image();
    next.onload = () => {
      if (picture.dataset.frame !== url) return;
      picture.src = url;
      delete box.dataset.drawing;
    };
    next.onerror = () => {
      if (picture.dataset.frame !== url) return;
      delete box.dataset.drawing;
      box.dataset.failed = "";
    };
    next.src = url;
  }

  function frame(id, url) {
    const thumb = document.querySelector(`[data-item="${id}"] img`);
    if (thumb && thumb.getAttribute("src") !== `${url}&w=320`) thumb.src = `${url}&w=320`;
    if (id === scene) draw(url);
  }

  function watch() {
    const picture = document.getElementById("frame");
    const box = document.getElementById("frame-box");
    if (!picture) return;
    if (!picture.complete) box.dataset.drawing = "";
    picture.addEventListener("load", () => delete box.dataset.drawing);
    picture.addEventListener("error", () => {
      delete box.dataset.drawing;
      box.dataset.failed = "";
    });
    if (picture.complete && !picture.naturalWidth) box.dataset.failed = "";
  }

  // Which rows are open, and whether the safe area shows, holds for every scene.
  let rows = new Set(remembered("rows", ["layout"]));
  let guides = remembered("guides", false);

  function dress() {
    for (const row of side.querySelectorAll("[data-prop]")) row.open = rows.has(row.dataset.prop);
    const box = side.querySelector("[data-guides]");
    if (box) box.checked = guides;
    overlays.show();
  }

  side.addEventListener(
    "toggle",
    (event) => {
      const { prop } = event.target.dataset;
      if (!prop || !event.target.isConnected) return;
      if (event.target.open) rows.add(prop);
      else rows.delete(prop);
      remember("rows", [...rows].filter((row) => !row.startsWith("overlay-")));
    },
    true,
  );

  // With `keep`, what was typed meanwhile stays in its field, and what is wrong with it beside it.
  async function load(id, open = [], keep = true) {
    for (const row of open) rows.add(row);
    const mine = (number += 1);
    const { status, body } = await ask(`${desk.dataset.edit}?scene=${id}`);
    if (mine !== number || status !== 200) return;
    const opened = document.getElementById("inspector")?.hasAttribute("data-open");
    const active = side.contains(document.activeElement) ? document.activeElement : null;
    const focused = active && [active.id, active.name, active.value, active.closest("[data-prop]")?.dataset.prop];
    const typed = keep ? [...side.querySelectorAll("[data-typed], [aria-invalid]")].filter((input) => input.value !== input.defaultValue) : [];
    const scrolled = [side.scrollTop, document.getElementById("inspector")?.scrollTop ?? 0]; // the latter on a small screen
    const shown = document.getElementById("frame");
    const files = [...side.querySelectorAll("[type=file]")]; // for one of them, files may be chosen right now
    side.innerHTML = body.html;
    for (const was of files) side.querySelector(`[type=file][name="${was.name}"]`)?.replaceWith(was);
    window.htmx.process(side); // a video that is prepared tells how far it is
    const fresh = document.getElementById("frame");
    if (shown && fresh) {
      const url = fresh.dataset.frame;
      shown.alt = fresh.alt;
      fresh.replaceWith(shown);
      draw(url);
    } else watch();
    if (opened) document.getElementById("inspector").dataset.open = "";
    side.scrollTop = scrolled[0];
    document.getElementById("inspector").scrollTop = scrolled[1];
    for (const was of typed) {
      const input = document.getElementById(was.id);
      if (!input) continue;
      input.value = was.value;
      if (was.hasAttribute("aria-invalid")) refuse(was.name, was.closest(".field").querySelector(".field-error")?.textContent ?? "");
    }
    dress();
    if (focused) again(focused)?.focus({ preventScroll: true });
  }

  // What stands now where the focus was.
  function again([mark, name, value, row]) {
    if (mark) return document.getElementById(mark);
    const alike = [...side.querySelectorAll(`[name="${name}"]`)];
    if (name) return alike.find((input) => input.value === value) ?? alike[0];
    return row ? side.querySelector(`[data-prop="${row}"] > summary`) : null;
  }

  // -- settings of the scene and of the project

  async function change(fields) {
    const saver = saverOf(scene);
    saver.change(fields);
    const done = await saver.flush();
    // A field that is wrong keeps what was typed into it until it is right.
    if (done && !side.querySelector("[aria-invalid=true]")) await load(scene);
  }

  // Says beside a field what is wrong with it; false where there is no such field.
  function refuse(name, sentence) {
    const input = side.querySelector(`[data-look] [name="${name}"], [data-project] [name="${name}"]`);
    const field = input?.closest(".field");
    if (!field) return false;
    accept([name]);
    const wrong = document.createElement("p");
    wrong.className = "field-error";
    wrong.id = `wrong-${name}`;
    wrong.setAttribute("role", "alert");
    field.append(wrong);
    wrong.textContent = sentence;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", wrong.id);
    return true;
  }

  function accept(names) {
    for (const name of names) {
      document.getElementById(`wrong-${name}`)?.remove();
      for (const input of side.querySelectorAll(`[name="${name}"][aria-invalid]`)) {
        input.removeAttribute("aria-invalid");
        input.removeAttribute("aria-describedby");
      }
    }
  }

  side.addEventListener("input", ({ target }) => {
    if (target.closest("[data-look]") && "typed" in target.dataset) saverOf(scene).change({ [target.name]: target.value });
  });

  side.addEventListener("change", ({ target }) => {
    if ("guides" in target.dataset) {
      guides = target.checked;
      remember("guides", guides);
    } else if (target.dataset.own) change({ [target.dataset.own]: target.value });
    else if (target.type === "file" || !target.name) return;
    else if (target.closest("[data-look]")) {
      if ("typed" in target.dataset) saverOf(scene).flush();
      else change({ [target.name]: target.value });
    } else if (target.closest("[data-project]")) project(target);
  });

  side.addEventListener("submit", (event) => {
    if (event.target.matches("[data-leaves]")) return; // the answer is a page
    event.preventDefault();
    if (event.target.matches("[data-own-voice]")) change({ voice: "" });
  });

  async function project(input) {
    const form = input.closest("form");
    const was = form.querySelector(`[name=was_${input.name}]`);
    say("project", "saving");
    const answer = await ask(form.action, { [input.name]: input.value, [was.name]: was.value });
    const { status, body } = answer;
    if (body.settings) was.value = body.settings[input.name];
    showSteps(body.steps);
    if (status === 200) {
      say("project", "saved");
      accept([input.name]);
    } else if (status === 422 && refuse(input.name, sentenceOf(answer))) {
      say("project", "saved");
      return;
    } else {
      say("project", status === 0 ? "kept" : "wrong", status === 0 ? "Not connected, this is not saved" : sentenceOf(answer));
      if (status !== 409) return;
    }
    if (input.name === "title") named(status === 409 ? was.value : input.value, was.value);
    else if (input.name === "aspect") await arrangeAgain(); // every frame changes its shape
    else {
      frames(body.frames);
      price();
      await load(scene);
    }
  }

  function frames(urls = {}) {
    for (const [id, url] of Object.entries(urls)) frame(id, url);
  }

  function named(shown, saved) {
    title.value = shown;
    document.querySelector(".project-name [name=was_title]").value = saved;
    document.title = `${saved} · Likeness Studio`;
    document.querySelector("h1").textContent = saved;
  }

  // The settings of the project were changed by a step back or forth.
  async function shared(settings) {
    if (settings.title !== title.value) named(settings.title, settings.title);
    await arrangeAgain();
    await load(scene, [], false);
  }

  const title = document.querySelector(".project-name [name=title]");
  title.addEventListener("input", () => {
    clearTimeout(naming);
    say("project", "typing");
    naming = setTimeout(() => title.value.trim() && project(title), 600);
  });
  title.addEventListener("blur", () => {
    clearTimeout(naming);
    const was = title.form.querySelector("[name=was_title]").value;
    if (!title.value.trim()) title.value = was;
    if (title.value !== was) project(title);
    else say("project", "saved");
  });
  if (title.value !== title.defaultValue) title.dispatchEvent(new Event("input", { bubbles: true })); // typed before this script had come
  title.form.addEventListener("submit", (event) => {
    event.preventDefault();
    title.blur();
  });

  // -- files, overlays

  async function take(body) {
    showSteps(body.steps);
    if (body.scene) saverOf(body.scene).settle({}, body);
    if (body.frames) frames(body.frames);
    price();
    await load(scene);
  }

  side.addEventListener("clip-over", ({ detail }) => take(detail));

  startUploads(side, () => saverOf(scene).flush(), take);
  const overlays = startOverlays({ side, chosen: () => scene, manuscriptOf, load: (open) => load(scene, open) });

  // -- the sheet on a phone

  document.addEventListener("click", (event) => {
    const sheet = document.getElementById("inspector");
    if (event.target.closest("[data-inspector-open]")) {
      sheet.dataset.open = "";
      sheet.querySelector("a, button, input").focus();
    } else if (event.target.closest("[data-inspector-close]")) closeSheet();
  });

  function closeSheet() {
    delete document.getElementById("inspector").dataset.open;
    side.querySelector("[data-inspector-open]")?.focus();
  }

  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.getElementById("inspector").hasAttribute("data-open")) closeSheet();
  });

  // -- the drawer: portraits and voices; arrows walk, Enter chooses, Escape closes

  side.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-drawer], [data-crop]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const answer = await ask(link.href);
    if (answer.status !== 200) {
      toast(sentenceOf(answer));
      return;
    }
    drawer.innerHTML = answer.body.html;
    drawer.returnTo = link.getAttribute("href");
    drawer.showModal();
    (drawer.querySelector("[data-cues] textarea, [data-crop-box], [aria-pressed=true][name]") ?? drawer.querySelector("[name][value][aria-pressed]"))?.focus();
  });

  // Filters of the portraits: the form is a plain one; here its answer replaces the portraits only.
  drawer.addEventListener("change", (event) => {
    const form = event.target.closest("[data-filter]");
    if (form) results(form);
  });

  async function results(form) {
    const mine = (filtering += 1);
    const answer = await ask(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    if (mine !== filtering) return;
    if (answer.status !== 200) {
      toast(sentenceOf(answer));
      return;
    }
    const fresh = document.createElement("template");
    fresh.innerHTML = answer.body.html;
    stop();
    drawer.querySelector("[data-results]").replaceWith(fresh.content.querySelector("[data-results]"));
  }

  drawer.addEventListener("close", () => {
    stop();
    // The inspector may have been drawn anew meanwhile, so the focus is put back by hand.
    side.querySelector(`[data-drawer][href="${drawer.returnTo}"]`)?.focus();
  });

  drawer.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (event.target.matches("[data-filter]")) return;
    if (event.target.matches("[data-cue-form]")) {
      const fields = new FormData(event.target, event.submitter);
      if (event.submitter?.matches("[data-split]")) fields.set("caret", event.target.elements.text.selectionStart);
      caption(event.target, fields, event.submitter?.getAttribute("formaction"));
      return;
    }
    if (event.target.matches("[data-crop-form]")) {
      crop(event.target);
      return;
    }
    const { name, value } = event.submitter;
    if ("stay" in event.submitter.dataset) {
      await change({ [name]: value });
      await results(drawer.querySelector("[data-filter]"));
      drawer.querySelector("[name=avatar][aria-pressed=true]")?.focus();
      return;
    }
    drawer.close();
    await change({ [name]: value });
    side.querySelector(`[data-drawer][href="${drawer.returnTo}"]`)?.focus();
  });

  // Captions: each is saved as it is changed, one after another, and the list is drawn anew with the focus where it was.
  let captioned = Promise.resolve();

  function caption(form, fields = new FormData(form), action = null) {
    captioned = captioned.then(() => saveCaption(form, fields, action ?? form.action));
  }

  async function saveCaption(form, fields, action) {
    if (!(await saverOf(scene).flush())) return;
    const answer = await ask(action, fields);
    const wrong = form.querySelector(".field-error");
    wrong.hidden = answer.status === 200;
    if (answer.status !== 200) {
      wrong.textContent = sentenceOf(answer);
      const name = answer.body.problem?.errors?.[0]?.field;
      for (const input of form.elements) input.toggleAttribute("aria-invalid", Boolean(name) && input.name === name);
      return;
    }
    saverOf(scene).settle({}, answer.body);
    const list = await ask(drawer.returnTo);
    if (list.status !== 200 || !drawer.open) return;
    const active = document.activeElement;
    const next = answer.body.cue;
    const at = next ? [next, "text"] : [active.closest("[data-cue]")?.dataset.cue, active.name];
    const fresh = document.createElement("template");
    fresh.innerHTML = list.body.html;
    const body = drawer.querySelector("[data-cues]");
    const scrolled = body.scrollTop;
    body.replaceWith(fresh.content.querySelector("[data-cues]"));
    drawer.querySelector("[data-cues]").scrollTop = scrolled;
    const cue = at[0] && drawer.querySelector(`[data-cue="${at[0]}"]`);
    (cue?.querySelector(`[name="${at[1]}"]`) ?? cue?.querySelector("textarea"))?.focus();
  }

  drawer.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("[data-cue-form] textarea")) return;
    event.preventDefault();
    event.stopPropagation();
    const button = event.target.form.querySelector(event.shiftKey ? "[data-join]" : "[data-split]");
    if (button) event.target.form.requestSubmit(button);
  });

  drawer.addEventListener("change", (event) => {
    const form = event.target.closest("[data-cue-form]");
    if (form) caption(form);
  });

  async function crop(form) {
    await saverOf(scene).flush();
    const answer = await ask(form.action, new FormData(form));
    const wrong = form.querySelector(".field-error");
    wrong.hidden = answer.status === 201;
    if (answer.status === 201) {
      drawer.close();
      await take(answer.body);
      return;
    }
    wrong.textContent = sentenceOf(answer);
    const name = answer.body.problem?.errors?.[0]?.field;
    for (const input of form.querySelectorAll("input")) input.toggleAttribute("aria-invalid", input.name === name);
    form.elements[name]?.focus();
  }

  drawer.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const here = event.target.closest("[data-grid] button");
    if (!step || !here) return;
    event.preventDefault();
    const from = here.getBoundingClientRect();
    const middle = (box) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const [x, y] = middle(from);
    let best = null;
    for (const button of drawer.querySelectorAll("[data-grid] button")) {
      const [u, v] = middle(button.getBoundingClientRect());
      const along = (u - x) * step[0] + (v - y) * step[1];
      const across = Math.abs((u - x) * step[1]) + Math.abs((v - y) * step[0]);
      if (along < 8 || button === here) continue;
      const cost = along + 3 * across;
      if (!best || cost < best.cost) best = { button, cost };
    }
    best?.button.focus();
  });

  return {
    frame,
    shared,
    refuse,
    accept,
    begin(id) {
      scene = id;
      watch();
      dress();
    },
    show(id) {
      scene = id;
      clearTimeout(showing);
      showing = setTimeout(() => load(id, [], false), 60);
    },
  };
}
