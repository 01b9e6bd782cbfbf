// The frame and what stands under it: presenter, voice, background, pictures, and what holds for all scenes.

import { ask, csrfToken, sentenceOf, toast } from "./page.js";
import { stop } from "./listen.js";
import { saverOf, say } from "./saving.js";
import { showSteps } from "./steps.js";

export function startInspector({ desk, estimate, arrangeAgain }) {
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

  async function load(id) {
    const mine = (number += 1);
    const { status, body } = await ask(`${desk.dataset.edit}?scene=${id}`);
    if (mine !== number || status !== 200) return;
    const opened = document.getElementById("inspector")?.hasAttribute("data-open");
    const focused = side.contains(document.activeElement) ? [document.activeElement.name, document.activeElement.value] : null;
    const scrolled = side.scrollTop;
    const shown = document.getElementById("frame");
    side.innerHTML = body.html;
    const fresh = document.getElementById("frame");
    if (shown && fresh) {
      const url = fresh.dataset.frame;
      shown.alt = fresh.alt;
      fresh.replaceWith(shown);
      draw(url);
    } else watch();
    if (opened) document.getElementById("inspector").dataset.open = "";
    side.scrollTop = scrolled;
    if (focused?.[0]) {
      [...side.querySelectorAll(`[name="${focused[0]}"]`)].find((input) => input.value === focused[1])?.focus();
    }
  }

  // -- settings of the scene and of the project

  async function change(fields) {
    const saver = saverOf(scene);
    saver.change(fields);
    const done = await saver.flush();
    if (done) await load(scene);
  }

  side.addEventListener("change", async (event) => {
    const input = event.target;
    if (input.type === "file") upload(input.closest("form"), input.files[0]);
    else if ("ownColor" in input.dataset) change({ background_color: input.value, picture: "" });
    else if (input.closest("[data-look]")) {
      const fields = { [input.name]: input.value };
      if (input.name === "background_color") fields.picture = ""; // a colour is chosen to be seen
      await change(fields);
    } else if (input.closest("[data-project]")) project(input);
  });

  side.addEventListener("submit", (event) => event.preventDefault());

  async function project(input) {
    const form = input.closest("form");
    const was = form.querySelector(`[name=was_${input.name}]`);
    say("project", "saving");
    const answer = await ask(form.action, { [input.name]: input.value, [was.name]: was.value });
    const { status, body } = answer;
    if (body.settings) was.value = body.settings[input.name];
    showSteps(body.steps);
    if (status === 200) say("project", "saved");
    else {
      say("project", status === 0 ? "kept" : "wrong", status === 0 ? "Not connected, this is not saved" : sentenceOf(answer));
      if (status !== 409) return;
    }
    if (input.name === "title") named(status === 409 ? was.value : input.value, was.value);
    else await arrangeAgain(); // every frame changes its shape
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
  title.form.addEventListener("submit", (event) => {
    event.preventDefault();
    title.blur();
  });

  // -- pictures

  function upload(form, file) {
    if (!file) return;
    const meter = form.querySelector("progress");
    const wrong = form.querySelector(".field-error");
    wrong.hidden = true;
    meter.hidden = false;
    meter.removeAttribute("value");
    const body = new FormData();
    body.append("file", file);
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => (meter.value = (0.9 * loaded) / total);
    request.onloadend = () => {
      meter.hidden = true;
      if (request.status === 201) change({ picture: request.response.id });
      else {
        wrong.textContent = sentenceOf({ status: request.status, body: request.response ?? {} });
        wrong.hidden = false;
        form.querySelector("[type=file]").value = "";
      }
    };
    request.send(body);
  }

  for (const name of ["dragover", "dragleave", "drop"]) {
    side.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const drop = side.querySelector(".drop");
      drop.toggleAttribute("data-over", name === "dragover");
      if (name === "drop") upload(drop.closest("form"), event.dataTransfer.files[0]);
    });
  }

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
    const link = event.target.closest("[data-drawer]");
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
    (drawer.querySelector("[aria-pressed=true][name]") ?? drawer.querySelector("[name][value][aria-pressed]"))?.focus();
  });

  // Filters of the portraits: the form is a plain one; here its answer replaces the portraits only.
  drawer.addEventListener("change", async (event) => {
    const form = event.target.closest("[data-filter]");
    if (!form) return;
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
  });

  drawer.addEventListener("close", () => {
    stop();
    // The inspector may have been drawn anew meanwhile, so the focus is put back by hand.
    side.querySelector(`[data-drawer][href="${drawer.returnTo}"]`)?.focus();
  });

  drawer.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (event.target.matches("[data-filter]")) return;
    const { name, value } = event.submitter;
    drawer.close();
    await change({ [name]: value });
    side.querySelector(`[data-drawer][href="${drawer.returnTo}"]`)?.focus();
  });

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
    begin(id) {
      scene = id;
      watch();
    },
    show(id) {
      scene = id;
      clearTimeout(showing);
      showing = setTimeout(() => load(id), 60);
    },
  };
}
