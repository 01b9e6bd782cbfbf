// Everything saves itself. What is not saved yet is kept in the browser; two tabs never overwrite each other silently.

import { ask, sentenceOf } from "./page.js";

const PAUSE = 500; // ms after the last key
const AGAIN = 3000; // ms until the next try when the studio cannot be reached

const savers = new Map(); // scene id -> Saver
const saved = document.getElementById("saved");

export function saverOf(id) {
  return savers.get(id);
}

export function allSavers() {
  return [...savers.values()];
}

export async function flushAll() {
  const done = await Promise.all(allSavers().map((saver) => saver.flush()));
  return done.every(Boolean);
}

// One word for all scenes and the project: the worst state wins.
const others = new Map();
const ORDER = ["saved", "typing", "saving", "kept", "wrong"];
const WORDS = {
  saved: "Saved",
  typing: "Saving…",
  saving: "Saving…",
  kept: "Not connected, changes are kept here",
};

export function say(name, state, sentence = "") {
  others.set(name, { state, sentence });
  let worst = { state: "saved", sentence: "" };
  for (const entry of others.values()) {
    if (ORDER.indexOf(entry.state) > ORDER.indexOf(worst.state)) worst = entry;
  }
  const words = worst.sentence || WORDS[worst.state];
  const span = saved.querySelector("span");
  if (span.textContent !== words) span.textContent = words;
  saved.dataset.state = worst.state;
  const use = saved.querySelector("use");
  const icon = { kept: "wifi-off", wrong: "triangle-alert" }[worst.state] ?? "check";
  use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${icon}`);
}

function keep(id, value) {
  try {
    if (value) localStorage.setItem(`kept:${id}`, JSON.stringify(value));
    else localStorage.removeItem(`kept:${id}`);
  } catch {
    // no room or no leave: the page itself still holds it
  }
}

function kept(id) {
  try {
    return JSON.parse(localStorage.getItem(`kept:${id}`));
  } catch {
    return null;
  }
}

export class Saver {
  // `page` has show(settings) to put saved values on the page, conflict(html) and done(answer).
  constructor(section, page) {
    this.id = section.dataset.scene;
    this.url = section.dataset.save;
    this.page = page;
    this.revision = Number(section.querySelector("[name=revision]").defaultValue);
    this.base = {
      ...JSON.parse(section.dataset.settings),
      script: section.querySelector("[name=script]").defaultValue,
    };
    this.dirty = {};
    this.timer = 0;
    this.sending = null;
    this.stuck = null; // both versions, while the writer has not chosen
    savers.set(this.id, this);
    this.recover();
  }

  forget() {
    clearTimeout(this.timer);
    savers.delete(this.id);
    others.delete(this.id);
  }

  // Typing that never reached the studio: shown again, and saved from the revision it began with.
  recover() {
    const found = kept(this.id);
    if (!found) return;
    const unsaved = Object.entries(found.fields).filter(([name, value]) => this.base[name] !== value);
    if (unsaved.length === 0) {
      keep(this.id, null);
      return;
    }
    this.dirty = Object.fromEntries(unsaved);
    this.revision = found.revision;
    this.base = { ...this.base, ...found.base };
    this.page.show(this.dirty);
    this.schedule(0);
  }

  change(fields) {
    Object.assign(this.dirty, fields);
    for (const name of Object.keys(fields)) {
      if (this.dirty[name] === this.base[name] && !this.sending) delete this.dirty[name];
    }
    if (Object.keys(this.dirty).length === 0) {
      keep(this.id, null);
      clearTimeout(this.timer);
      say(this.id, "saved");
      return;
    }
    keep(this.id, { revision: this.revision, base: this.base, fields: this.dirty });
    say(this.id, "typing");
    this.schedule(PAUSE);
  }

  schedule(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), ms);
  }

  // True when nothing is left to save.
  async flush(options) {
    clearTimeout(this.timer);
    while (this.sending) await this.sending;
    if (this.stuck) return false;
    if (Object.keys(this.dirty).length === 0) return true;
    this.sending = this.send(options);
    const done = await this.sending;
    this.sending = null;
    if (done && Object.keys(this.dirty).length > 0) return this.flush(options);
    return done;
  }

  async send(options) {
    const mine = { ...this.dirty };
    say(this.id, "saving");
    const answer = await ask(this.url, { ...mine, revision: this.revision }, options);
    const { status, body } = answer;
    if (status === 200) {
      this.settle(mine, body);
      return true;
    }
    if (status === 409 && body.conflict) return this.compare(mine, body.conflict);
    if (status === 0 || status >= 500 || status === 429) {
      say(this.id, "kept", status === 0 ? "" : "Not saved yet, changes are kept here");
      this.schedule(AGAIN);
    } else if (this.refused(mine, body.problem)) {
      return true;
    } else {
      say(this.id, "wrong", sentenceOf(answer));
      if (status === 401 || status === 403) this.schedule(4 * AGAIN);
    }
    return false;
  }

  // A field of the inspector that is wrong says so itself and is taken out, so that the rest is saved.
  refused(mine, problem) {
    const field = problem?.errors?.[0]?.field;
    if (!field || !(field in mine) || !this.page.refused(field, problem.sentence)) return false;
    if (this.dirty[field] === mine[field]) delete this.dirty[field];
    const open = Object.keys(this.dirty).length > 0;
    keep(this.id, open ? { revision: this.revision, base: this.base, fields: this.dirty } : null);
    say(this.id, open ? "typing" : "saved");
    return true;
  }

  settle(mine, body) {
    this.revision = body.revision;
    this.base = body.settings;
    for (const [name, value] of Object.entries(mine)) {
      if (this.dirty[name] === value) delete this.dirty[name];
    }
    const open = Object.keys(this.dirty).length > 0;
    keep(this.id, open ? { revision: this.revision, base: this.base, fields: this.dirty } : null);
    say(this.id, open ? "typing" : "saved");
    this.page.done(mine, body);
  }

  // Somebody saved in between. What only they changed is taken over; what both changed is asked.
  async compare(mine, { revision, settings, html }) {
    const both = Object.keys(mine).filter(
      (name) => settings[name] !== this.base[name] && settings[name] !== mine[name],
    );
    const taken = Object.fromEntries(Object.entries(settings).filter(([name]) => !(name in this.dirty)));
    if (both.length === 0) {
      this.revision = revision;
      this.base = settings;
      this.page.show(taken);
      return this.send();
    }
    this.stuck = { revision, settings };
    say(this.id, "wrong", "Two versions of a scene: choose one");
    this.page.conflict(html);
    return false;
  }

  // The studio has changed the scene at our own wish: its version is shown.
  take({ revision, settings }) {
    this.revision = revision;
    this.base = settings;
    this.dirty = {};
    keep(this.id, null);
    this.page.show(this.base);
    say(this.id, "saved");
  }

  keepMine() {
    this.revision = this.stuck.revision;
    this.base = this.stuck.settings;
    this.stuck = null;
    this.page.show(Object.fromEntries(Object.entries(this.base).filter(([name]) => !(name in this.dirty))));
    return this.flush();
  }

  takeTheirs() {
    this.revision = this.stuck.revision;
    this.base = this.stuck.settings;
    this.stuck = null;
    this.dirty = {};
    keep(this.id, null);
    this.page.show(this.base);
    say(this.id, "saved");
  }
}

window.addEventListener("online", () => {
  for (const saver of savers.values()) saver.flush();
});

// The page goes away: what is open is sent in a request that outlives it; the copy in the browser stays until it is saved.
function leave() {
  for (const saver of savers.values()) saver.flush({ keepalive: true });
}

window.addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") leave();
});
