// The editor's page: what is chosen, what is typed, what it would cost, and the press of the button.

import { ask, sentenceOf, toast } from "./page.js";
import { beforeListening, isSounding, listen, stop } from "./listen.js";
import { Manuscript, clock } from "./manuscript.js";
import { Saver, allSavers, flushAll, saverOf } from "./saving.js";
import { startFilm } from "./film.js";
import { startInspector } from "./inspector.js";
import { startRail } from "./rail.js";
import { showSteps, startSteps } from "./steps.js";

const desk = document.getElementById("desk");
const place = document.getElementById("scenes");
const problem = document.getElementById("problem");
const estimateBox = document.getElementById("estimate");
const renderForm = document.getElementById("render");
const price = renderForm.elements.quoted; // what is shown, and so what may be charged
const renderButton = renderForm.querySelector("[data-render]");
const SPEAK_AHEAD = 1500; // ms after typing stops

const manuscripts = new Map(); // scene id -> Manuscript
let chosen = "";

function sections() {
  return [...place.querySelectorAll("[data-scene]")];
}

// -- scenes --------------------------------------------------------------------------------------

function adopt(section) {
  const id = section.dataset.scene;
  const manuscript = new Manuscript(section);
  manuscripts.set(id, manuscript);
  const title = section.querySelector("[name=title]");
  let ahead = 0;
  const saver = new Saver(section, {
    show(settings) {
      if ("script" in settings && manuscript.area.value !== settings.script) manuscript.area.value = settings.script;
      if ("title" in settings) title.value = settings.title;
      if ("markup" in settings) section.dataset.markup = settings.markup;
      if ("speed" in settings) section.dataset.speed = settings.speed;
      manuscript.draw();
      recount();
    },
    conflict(html) {
      section.querySelector(".conflict-place").innerHTML = html;
      section.querySelector(".conflict-place button")?.focus();
    },
    refused: (field, sentence) => id === chosen && inspector.refuse(field, sentence),
    done(sent, { settings, frame, steps }) {
      showSteps(steps);
      if (Object.keys(sent).some((name) => name !== "script" && name !== "title")) film.close();
      if (id === chosen) inspector.accept(Object.keys(sent));
      section.querySelector("[name=revision]").value = saver.revision;
      section.dataset.markup = settings.markup;
      section.dataset.speed = settings.speed;
      for (const input of document.querySelectorAll(`[data-inspector="${id}"] [name=revision]`)) input.value = saver.revision;
      inspector.frame(id, frame);
      estimate([id], sent.script !== undefined);
      if ("script" in sent || "avatar" in sent || "voice" in sent || "speed" in sent) {
        clearTimeout(ahead);
        ahead = setTimeout(() => ask(section.dataset.speak, {}), SPEAK_AHEAD - 500);
      }
    },
  });
  manuscript.draw();
  manuscript.area.addEventListener("input", () => {
    clearTimeout(ahead);
    manuscript.draw();
    saver.change({ script: manuscript.area.value });
    rail.title(id, title.value || manuscript.area.value.trim().slice(0, 80));
    recount();
    problem.replaceChildren();
  });
  manuscript.area.addEventListener("keydown", (event) => manuscript.key(event));
  manuscript.area.addEventListener("blur", () => saver.flush());
  title.addEventListener("input", () => {
    saver.change({ title: title.value });
    rail.title(id, title.value || manuscript.area.value.trim().slice(0, 80));
  });
  title.addEventListener("blur", () => saver.flush());
  for (const field of [manuscript.area, title]) wasTyped(field);
  section.addEventListener("focusin", () => choose(id));
  section.addEventListener("pointerdown", () => choose(id));
}

// Words that were typed before this script had come are typed words, too.
function wasTyped(field) {
  if (field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
}

function drop(id) {
  saverOf(id)?.forget();
  manuscripts.delete(id);
  document.getElementById(id)?.remove();
}

// The scene that the frame shows and the inspector edits.
function choose(id, { scroll = false, focus = false } = {}) {
  const section = document.getElementById(id);
  if (!section) return;
  if (scroll) section.scrollIntoView({ block: "start", behavior: "smooth" });
  if (focus) manuscripts.get(id).area.focus({ preventScroll: true });
  if (chosen === id) return;
  chosen = id;
  for (const other of sections()) other.toggleAttribute("data-chosen", other === section);
  rail.choose(id);
  inspector.show(id);
  history.replaceState(null, "", `${desk.dataset.edit}?scene=${id}`);
}

// After scenes were added, moved or removed: the rail is new, the sections follow its order.
async function arrange(url, fields, { focus = true } = {}) {
  await flushAll();
  const answer = await ask(url, fields);
  if (answer.status !== 200) {
    toast(sentenceOf(answer));
    return null;
  }
  return arranged(answer.body, focus);
}

function arranged(body, focus) {
  const { rail: html, scene, chosen: made, steps } = body;
  showSteps(steps);
  const order = rail.replace(html);
  for (const section of sections()) {
    if (!order.includes(section.id)) drop(section.id);
  }
  if (scene && !document.getElementById(made)) {
    const template = document.createElement("template");
    template.innerHTML = scene;
    const section = template.content.querySelector("[data-scene]");
    place.append(section);
    adopt(section);
  }
  order.forEach((id, n) => {
    const section = document.getElementById(id);
    if (place.children[n] !== section) place.insertBefore(section, place.children[n] ?? null);
    section.querySelector("[data-number]").textContent = n + 1;
    section.querySelector("[name=title]").placeholder = `Scene ${n + 1}`;
    section.setAttribute("aria-label", `Scene ${n + 1}`);
    manuscripts.get(id).place();
  });
  const next = made || (order.includes(chosen) ? chosen : order[0]);
  chosen = "";
  if (next) choose(next, { scroll: Boolean(made), focus: focus && Boolean(scene) && Boolean(made) });
  recount();
  estimate();
  return body;
}

async function remove(url, id) {
  const section = document.getElementById(id);
  const name = section.querySelector("[name=title]").value || section.getAttribute("aria-label");
  const restore = section.dataset.restore;
  if (!(await arrange(url, {}))) return;
  toast(`${name} is removed.`, () => arrange(restore, {}));
}

// Buttons of a scene's menu and of the rail: each is a plain form post, answered here without leaving the page.
document.addEventListener("submit", async (event) => {
  const { submitter, target } = event;
  const url = submitter?.getAttribute("formaction") ?? target.getAttribute("action") ?? "";
  const section = target.closest("[data-scene]");
  if (/\/scenes\/[^/]+\/save$/.test(url) && section) {
    event.preventDefault();
    if (submitter?.dataset.keep === "mine") {
      section.querySelector(".conflict-place").replaceChildren();
      saverOf(section.id).keepMine();
    } else saverOf(section.id).flush();
  } else if (/\/(move|duplicate|remove|scenes)$/.test(url) && target.closest("#rail, #scenes, .add-scene")) {
    event.preventDefault();
    submitter.closest("details")?.removeAttribute("open");
    if (/\/remove$/.test(url)) await remove(url, section.id);
    else if (/\/move$/.test(url)) await rail.moved(url, submitter.value);
    else await arrange(url, /\/scenes$/.test(url) && submitter.matches("[data-add]") ? { after: chosen } : {});
  }
});

document.addEventListener("click", async (event) => {
  const section = event.target.closest("[data-scene]");
  if (event.target.closest("[data-keep=theirs]")) {
    section.querySelector(".conflict-place").replaceChildren();
    saverOf(section.id).takeTheirs();
    inspector.show(section.id);
    estimate([section.id]);
  } else if (event.target.closest("[data-copy-mine]")) {
    await navigator.clipboard.writeText(section.querySelector("[name=script]").value);
    toast("Your version is copied.");
  }
});

// -- counts and price ----------------------------------------------------------------------------

let refused = false; // the words as saved, until they change
let priced = null; // what the last estimate said: quoted, for how many seconds of script
let asked = 0;
let open = null; // scenes whose margins are wanted; null: nothing asked; empty: all
let timer = 0;

function recount() {
  const typed = allSavers().some((saver) => Object.keys(saver.dirty).length > 0);
  estimateBox.toggleAttribute("data-old", typed);
  const length = estimateBox.querySelector("[data-length]");
  if (!length || (priced && !typed)) return; // it says what the server has priced
  const seconds = [...manuscripts.values()].reduce((sum, one) => sum + one.seconds, 0);
  // What the server has priced, and what was typed since.
  const cost = priced ? priced.quoted + seconds - priced.seconds : seconds;
  const credits = (Math.ceil(Math.max(0, cost) / 6) / 10).toFixed(1);
  length.textContent = `about ${clock(seconds)}`;
  estimateBox.querySelector("[data-price]").textContent = `about ${credits} credits`;
}

function estimate(ids = []) {
  open = ids.length === 0 || open?.size === 0 ? new Set() : new Set([...(open ?? []), ...ids]);
  clearTimeout(timer);
  timer = setTimeout(read, 30);
}

async function read() {
  const number = (asked += 1);
  const wanted = open;
  const told = new Map(allSavers().map((saver) => [saver.id, saver.base.script]));
  const query = new URLSearchParams([...(wanted ?? [])].map((id) => ["scene", id]));
  const { status, body } = await ask(`${desk.dataset.estimate}?${query}`);
  if (number !== asked) return; // a newer one is on its way, and asks for these scenes too
  open = null;
  if (status !== 200) return;
  estimateBox.innerHTML = body.bar;
  renderButton.textContent = body.label;
  refused = body.refused;
  pressable();
  price.value = body.quoted ?? "";
  for (const [id, html] of Object.entries(body.margins)) manuscripts.get(id)?.setMargin(html, told.get(id));
  const seconds = [...manuscripts.values()].reduce((sum, one) => sum + one.seconds, 0);
  priced = body.quoted === null || allSavers().some((saver) => Object.keys(saver.dirty).length > 0) ? priced : { quoted: body.quoted, seconds };
  recount();
  if (body.running) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      open ??= new Set([chosen]);
      read();
    }, 4000);
  }
}

// -- render --------------------------------------------------------------------------------------

let sending = false;

function pressable() {
  for (const button of renderForm.elements) {
    if (button.type === "submit") button.disabled = sending || refused;
  }
}

// Says it once: the margin does if it is about a line, else a notice above the script.
async function refuse(sentence, errors = []) {
  open = new Set();
  clearTimeout(timer);
  await read();
  const items = errors.map(({ scene, line }) => manuscripts.get(rail.order()[scene - 1])?.list.children[(line ?? 1) - 1]);
  const told = items.find((item) => item?.querySelector(".line-stop"));
  if (!told) {
    const model = document.getElementById("problem-model").content.cloneNode(true);
    model.querySelector("p").textContent = sentence;
    problem.replaceChildren(model);
  }
  (told ?? problem).scrollIntoView({ block: "center", behavior: "smooth" });
}

renderForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = { mode: event.submitter?.value ?? "final", quoted: price.value };
  problem.replaceChildren();
  sending = true;
  pressable();
  if (fields.mode === "final") renderButton.textContent = "One moment…";
  stop();
  if (await flushAll()) {
    const answer = await ask(renderForm.action, fields);
    if (answer.status === 201) {
      location.assign(answer.body.url);
      return;
    }
    await refuse(sentenceOf(answer), answer.body.problem?.errors);
    if (answer.body.problem?.code === "price_changed") {
      price.value = answer.body.problem.quoted;
      problem.querySelector("button").hidden = false;
    }
  } else await refuse("Not everything is saved yet, so nothing was rendered. Look at the note beside the project's name.");
  sending = false;
  pressable();
});

// -- listen --------------------------------------------------------------------------------------

beforeListening(async (button) => {
  const section = button.closest("[data-scene]");
  if (section) await saverOf(section.id).flush();
});

async function listenScene(section) {
  const button = section.querySelector("[data-listen-scene]");
  const manuscript = manuscripts.get(section.id);
  const label = button.querySelector("span");
  label.textContent = "Stop";
  button.dataset.active = "";
  for (let n = 0; n < manuscript.list.children.length; n += 1) {
    const line = manuscript.list.children[n].querySelector(".line-listen");
    if (!(await listen(line)) || !("active" in button.dataset)) break;
  }
  delete button.dataset.active;
  label.textContent = "Listen";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-listen-scene]");
  if (!button) return;
  if ("active" in button.dataset) {
    delete button.dataset.active;
    stop();
  } else listenScene(button.closest("[data-scene]"));
});

function lineInHand() {
  const manuscript = manuscripts.get(chosen);
  const item = manuscript?.list.querySelector("[data-caret]") ?? manuscript?.list.firstElementChild;
  return item?.querySelector(".line-listen");
}

// -- caret, tools, keys --------------------------------------------------------------------------

document.addEventListener("selectionchange", () => {
  const section = document.activeElement?.closest?.("[data-scene]");
  if (!section || document.activeElement.name !== "script") return;
  for (const [id, manuscript] of manuscripts) manuscript.showCaret(id === section.id);
});

document.querySelector(".tools").addEventListener("pointerdown", (event) => {
  if (event.target.closest("button")) event.preventDefault(); // the caret stays where it is
});

const sayDialog = document.getElementById("say");
const sayForm = sayDialog.querySelector("form");
let saying = null; // the manuscript and the range that the dialog is about

const SCOPES = {
  line: "Only these words are said so: a tag stands around them in the script.",
  project: "This holds in this project. Lines with the word count as changed.",
  workspace: "This holds for every project of the workspace. Lines with the word count as changed.",
};

function sayScope() {
  return sayForm.elements.scope.value;
}

// Opens "Say it like…" for the words from..to of a scene. spoken: how they are read now; others: how their sounds can be written.
function openSay(manuscript, from, to, { spoken = "", others = [] } = {}) {
  const word = manuscript.area.value.slice(from, to);
  saying = { manuscript, from, to, word };
  sayForm.reset();
  sayForm.elements.replace.value = "";
  sayForm.elements.word.value = word;
  const now = sayForm.querySelector("[data-now]");
  now.hidden = !spoken && others.length === 0;
  now.textContent = spoken ? `Read as “${spoken}”.` : `It can be said as “${others.join("” or “")}”; the words around it decide.`;
  sayForm.querySelector("datalist").replaceChildren(...others.map((value) => Object.assign(document.createElement("option"), { value })));
  sayForm.querySelector("[data-scope-line]").hidden = manuscript.markup === "text" || to <= from;
  sayForm.querySelector(".field-error").hidden = true;
  sayForm.querySelector("[data-save]").textContent = "Save";
  sayForm.elements.scope.value = spoken && manuscript.markup !== "text" ? "line" : "workspace";
  sayForm.querySelector("[data-scope-help]").textContent = SCOPES[sayScope()];
  sayDialog.showModal();
  sayForm.elements[to > from ? "value" : "word"].focus();
}

sayForm.addEventListener("input", (event) => {
  if (event.target.name === "scope") sayForm.querySelector("[data-scope-help]").textContent = SCOPES[sayScope()];
  sayForm.elements.replace.value = ""; // another word, another question
  sayForm.querySelector("[data-save]").textContent = "Save";
});

for (const button of sayForm.querySelectorAll("[data-hear]")) {
  // In the capture phase: the address is there before the page's own listener asks for the sound.
  button.addEventListener("click", () => {
    const query = new URLSearchParams({ word: sayForm.elements.word.value, kind: sayForm.elements.kind.value });
    if (button.dataset.hear === "then") query.set("value", sayForm.elements.value.value);
    if (saying) query.set("scene", saying.manuscript.section.id);
    button.dataset.listen = `${sayForm.dataset.try}?${query}`;
  }, { capture: true });
}

function sayInLine() {
  const { manuscript, from, to, word } = saying;
  const value = sayForm.elements.value.value.trim();
  const attribute = value.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
  const tag = sayForm.elements.kind.value === "ipa" ? ["phoneme", "ph"] : ["sub", "alias"];
  if (manuscript.area.value.slice(from, to) !== word) return false;
  manuscript.area.setSelectionRange(from, to);
  manuscript.type(`<${tag[0]} ${tag[1]}="${attribute}">${word}</${tag[0]}>`);
  return true;
}

document.querySelector(".tools").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const manuscript = manuscripts.get(chosen);
  if (!button || !manuscript) return;
  if (button.dataset.insert === "pause") manuscript.pause();
  if (button.dataset.insert === "emphasis") manuscript.emphasis();
  if ("say" in button.dataset) {
    openSay(manuscript, ...manuscript.selectedWords());
  }
});

sayForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wrong = sayForm.querySelector(".field-error");
  if (sayScope() === "line") {
    wrong.hidden = sayInLine();
    if (wrong.hidden) sayDialog.close();
    else wrong.textContent = "The words have changed meanwhile; close this and select them again.";
    return;
  }
  const body = new FormData(sayForm);
  if (sayScope() === "project") body.set("project", desk.dataset.project);
  const answer = await ask(sayForm.action, body);
  wrong.hidden = answer.status === 201;
  if (answer.status === 409) {
    wrong.textContent = `${answer.body.question} Press Replace to say it your way.`;
    sayForm.elements.replace.value = "1";
    sayForm.querySelector("[data-save]").textContent = "Replace";
    return;
  }
  if (answer.status !== 201) {
    wrong.textContent = sentenceOf(answer);
    return;
  }
  sayDialog.close();
  toast(`“${answer.body.word}” is now said “${answer.body.value}”.`);
  estimate();
});

document.addEventListener("click", (event) => {
  const guess = event.target.closest(".line-guess");
  const manuscript = guess && manuscripts.get(guess.closest("[data-scene]").id);
  if (!manuscript) return;
  const [from, to] = manuscript.rangeOf(guess);
  const { spoken, others } = guess.dataset;
  openSay(manuscript, from, to, { spoken, others: others ? others.split("|") : [] });
});

const keysDialog = document.getElementById("keys");
const single = keysDialog.querySelector("[data-single-keys]");
single.checked = localStorage.getItem("single-keys") !== "off";
single.addEventListener("change", () => localStorage.setItem("single-keys", single.checked ? "on" : "off"));
document.querySelector("[data-keys]").addEventListener("click", () => keysDialog.showModal());

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    renderButton.click();
    return;
  }
  const typing = event.target.matches("input:not([type=radio]), textarea, select");
  if ((event.ctrlKey || event.metaKey) && event.key === "i" && event.target.name === "script") {
    event.preventDefault();
    manuscripts.get(chosen).emphasis();
    return;
  }
  if (event.key === "Escape") {
    if (isSounding()) stop();
    else if (event.target.name === "script") event.target.blur();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !single.checked || document.querySelector("dialog[open]")) return;
  const order = rail.order();
  const at = order.indexOf(chosen);
  if (event.key === "?") keysDialog.showModal();
  else if (event.key === "[" && at > 0) choose(order[at - 1], { scroll: true });
  else if (event.key === "]" && at + 1 < order.length) choose(order[at + 1], { scroll: true });
  else if (event.key === " " && !event.target.matches("button, a, summary, input, [tabindex='0']")) {
    event.preventDefault();
    if (isSounding()) stop();
    else lineInHand()?.click();
  }
});

// -- start ---------------------------------------------------------------------------------------

const film = startFilm(desk, manuscripts);
const inspector = startInspector({
  desk,
  manuscriptOf: (id) => manuscripts.get(id),
  arrangeAgain: () => arrange(desk.dataset.order, orderFields(), { focus: false }),
  price: () => estimate(),
});
const rail = startRail({ desk, arrange, choose, orderFields });

function orderFields(ids = rail.order()) {
  return new URLSearchParams(ids.map((id) => ["scene", id]));
}

startSteps(async (body) => {
  if (body.rail) arranged(body, false);
  else if (body.scene) {
    const saver = saverOf(body.scene);
    saver.take(body);
    saver.page.done({}, body);
    if (chosen === body.scene) inspector.show(chosen);
    else choose(body.scene, { scroll: true });
  } else await inspector.shared(body.project);
});

for (const section of sections()) adopt(section);
const wanted = new URLSearchParams(location.search).get("scene");
const first = sections().find((section) => section.id === wanted) ?? sections()[0];
if (first) {
  chosen = first.id;
  first.setAttribute("data-chosen", "");
  rail.choose(first.id);
  inspector.begin(first.id);
  if (!manuscripts.get(first.id).area.value) manuscripts.get(first.id).area.focus();
}
recount();
estimate();
document.fonts.ready.then(() => {
  for (const manuscript of manuscripts.values()) manuscript.place();
});
