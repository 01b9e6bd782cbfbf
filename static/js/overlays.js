// Texts and pictures on the frame: moved by hand or by key, changed in their list, hung on words of the script.

import { ask, sentenceOf, toast } from "./page.js";
import { saverOf } from "./saving.js";

const PAUSE = 350; // ms after the last key until it is saved
const STEP = 0.01; // of the frame; with Shift five times as far

// `chosen()` is the scene on show, `wordsOf(id)` its manuscript, `load()` draws the inspector anew.
export function startOverlays({ side, chosen, manuscriptOf, load }) {
  const dialog = document.getElementById("text-here");
  let timer = 0;

  async function send(url, fields) {
    const scene = chosen();
    if (!(await saverOf(scene).flush())) return null;
    const answer = await ask(url, fields);
    if (answer.status === 200) saverOf(scene).settle({}, answer.body);
    return answer;
  }

  // -- in their list

  function complain(form, answer) {
    const wrong = form.querySelector(".field-error");
    for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    wrong.hidden = answer.status === 200;
    if (answer.status === 200) return;
    wrong.textContent = sentenceOf(answer);
    const name = answer.body.problem?.errors?.[0]?.field;
    const input = form.querySelector(`[name="${name}"]`);
    if (!input) return;
    wrong.id ||= `wrong-${input.id}`;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", wrong.id);
    input.closest(".field")?.append(wrong);
  }

  async function change(form, fields, again = true) {
    const answer = await send(form.action, fields);
    if (!answer) return;
    complain(form, answer);
    if (answer.status === 200 && again) await load();
  }

  side.addEventListener("input", (event) => {
    const form = event.target.closest("[data-overlay-form]");
    if (!form || !("typed" in event.target.dataset)) return;
    clearTimeout(timer);
    const { name, value } = event.target;
    timer = setTimeout(() => change(form, { [name]: value }, false), PAUSE);
  });

  side.addEventListener("change", (event) => {
    const { target } = event;
    const form = target.closest("[data-overlay-form]");
    if (!form || !form.closest("[data-overlay]")) return;
    clearTimeout(timer);
    change(form, { [target.name]: target.value });
  });

  side.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-overlay-form]");
    if (!form) return;
    event.preventDefault();
    const url = event.submitter?.getAttribute("formaction") ?? form.action;
    const answer = await send(url, new FormData(form));
    if (!answer) return;
    complain(form, answer);
    if (answer.status !== 200) return;
    await load(answer.body.overlay ? [`overlay-${answer.body.overlay}`, "overlays"] : ["overlays"]);
    const made = answer.body.overlay && side.querySelector(`[data-handle="${answer.body.overlay}"]`);
    (made || side.querySelector("[data-prop=overlays] > summary")).focus();
  });

  // -- on words of the script

  // Characters as the studio counts them: an emoji is one.
  function selection() {
    const manuscript = manuscriptOf(chosen());
    const [from, to] = manuscript.selectedWords();
    const text = manuscript.area.value;
    return { start: [...text.slice(0, from)].length, end: [...text.slice(0, to)].length, words: text.slice(from, to) };
  }

  side.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-hang]");
    if (!button) return;
    const { start, end, words } = selection();
    if (!words.trim()) toast("Select words in the script first.");
    else await change(button.form, { start, end });
  });

  document.querySelector("[data-text-here]").addEventListener("click", () => {
    const { words } = selection();
    if (!words.trim()) {
      toast("Select words in the script first: the text stands there while they are said.");
      return;
    }
    const form = dialog.querySelector("form");
    dialog.querySelector("[data-quote]").textContent = words.replace(/[*_]/g, "").replace(/\s+/g, " ").slice(0, 120);
    form.querySelector(".field-error").hidden = true;
    form.elements.text.value = "";
    dialog.showModal();
    form.elements.text.focus();
  });

  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { start, end } = selection();
    const form = event.target;
    const answer = await send(`/scenes/${chosen()}/overlays`, { text: form.elements.text.value, start, end });
    if (!answer) return;
    complain(form, answer);
    if (answer.status !== 200) return;
    dialog.close();
    await load([`overlay-${answer.body.overlay}`, "overlays"]);
    side.querySelector(`[data-handle="${answer.body.overlay}"]`)?.focus();
  });

  // -- on the frame

  function place(handle, [left, top, width, height]) {
    handle.box = [left, top, width, height];
    Object.assign(handle.style, {
      left: `${left / 10}%`,
      top: `${top / 10}%`,
      width: `${width / 10}%`,
      height: `${height / 10}%`,
    });
  }

  function shift(handle, across, down) {
    const [left, top, width, height] = handle.box;
    const within = (value, size) => Math.min(Math.max(value, 0), Math.max(0, 1000 - size));
    place(handle, [within(left + 1000 * across, width), within(top + 1000 * down, height), width, height]);
  }

  async function settle(handle) {
    const [left, top, width, height] = handle.box;
    const middle = { x: ((left + width / 2) / 1000).toFixed(4), y: ((top + height / 2) / 1000).toFixed(4) };
    const id = handle.dataset.handle;
    const answer = await send(handle.dataset.place, middle);
    if (answer && answer.status !== 200) toast(sentenceOf(answer));
    const focused = document.activeElement === handle;
    await load();
    if (focused) side.querySelector(`[data-handle="${id}"]`)?.focus();
  }

  side.addEventListener("keydown", (event) => {
    const handle = event.target.closest("[data-handle]");
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!handle || !step) return;
    event.preventDefault();
    const far = STEP * (event.shiftKey ? 5 : 1);
    shift(handle, step[0] * far, step[1] * far);
    clearTimeout(timer);
    timer = setTimeout(() => settle(handle), PAUSE);
  });

  side.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle) return;
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    handle.dataset.moving = "";
    const frame = handle.parentElement.getBoundingClientRect();
    const began = handle.box;
    let moved = false;
    const move = ({ clientX, clientY }) => {
      moved = true;
      handle.box = began;
      shift(handle, (clientX - event.clientX) / frame.width, (clientY - event.clientY) / frame.height);
    };
    const end = () => {
      delete handle.dataset.moving;
      for (const name of ["pointerup", "pointercancel"]) handle.removeEventListener(name, end);
      handle.removeEventListener("pointermove", move);
      if (moved) settle(handle);
      else open(handle.dataset.handle);
    };
    handle.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) handle.addEventListener(name, end);
  });

  // A press on the frame opens what is listed beside it.
  function open(id) {
    const row = side.querySelector(`[data-overlay="${id}"]`);
    for (const part of [row?.closest("[data-prop=overlays]"), row]) if (part) part.open = true;
    row?.scrollIntoView({ block: "nearest" });
  }

  side.addEventListener("click", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (handle && event.detail === 0) open(handle.dataset.handle); // by key
  });

  return {
    // After the inspector was drawn: handles where the studio has put the overlays, marks on their words.
    show() {
      for (const handle of side.querySelectorAll("[data-handle]")) place(handle, handle.dataset.box.split(" ").map(Number));
      const ranges = [...side.querySelectorAll("[data-overlay][data-from]")].map(({ dataset }) => ({
        from: Number(dataset.from),
        to: Number(dataset.to),
        name: "mark-overlay",
      }));
      manuscriptOf(chosen())?.hang(ranges, saverOf(chosen()).base.script);
    },
  };
}
