// The script as a manuscript: a text area, a mirror of it that carries the marks, and a margin beside its lines.

const WORDS_A_SECOND = 2.55; // as studio/projects/manuscript.py has it
const MARKS = /\[(?:pause|break)[ :=]*([\d.]+)[^\]]*\]|<[^<>]*>|\[[^\]]*\]/gi;
const INLINE = /(?<pause>\[(?:pause|break|PAUSE|BREAK)(?:[ :=][^\]\n]{1,20})?\])|(?<stress>(?<![\w*])\*{1,3}(?=\S)[^*\n]+?(?<=\S)\*{1,3})|(?<tag><\/?[A-Za-z][^<>\n]*>)/g;

export function wordsOf(text) {
  return text.replace(MARKS, " ").split(/\s+/).filter(Boolean).length;
}

export function roughSeconds(text, speed) {
  let pauses = 0;
  for (const match of text.matchAll(MARKS)) pauses += Number(match[1]) || 0;
  return wordsOf(text) / WORDS_A_SECOND / speed + pauses + 0.6;
}

// The lines as the server splits them: paragraphs, or the <p> of SSML; headings are chapters, not lines.
export function linesOf(text, markup) {
  const found = [];
  const add = (start, end, heading = false) => found.push({ start, end, heading, text: text.slice(start, end) });
  if (markup === "ssml") {
    for (const match of text.matchAll(/<p[\s>][\s\S]*?<\/p>/gi)) add(match.index, match.index + match[0].length);
    const whole = text.trim();
    if (found.length === 0 && whole) add(text.indexOf(whole), text.indexOf(whole) + whole.length);
    return found;
  }
  let start = -1;
  let end = -1;
  let at = 0;
  const close = () => {
    if (start >= 0) add(start, end);
    start = -1;
  };
  for (const row of text.split("\n")) {
    const heading = markup === "markdown" && /^ {0,3}#{1,6}([ \t]|$)/.test(row);
    if (!row.trim() || heading) close();
    if (heading) add(at, at + row.length, true);
    else if (row.trim()) {
      if (start < 0) start = at;
      end = at + row.trimEnd().length;
    }
    at += row.length + 1;
  }
  close();
  return found;
}

function marked(name, text) {
  const mark = document.createElement("mark");
  mark.className = name;
  mark.textContent = text;
  return mark;
}

// Ranges of `before` moved to where they are in `after`; what was typed over is dropped.
function moved(ranges, before, after) {
  if (before === after) return ranges;
  let head = 0;
  const least = Math.min(before.length, after.length);
  while (head < least && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < least - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const shift = after.length - before.length;
  return ranges
    .filter(({ from, to }) => to <= head || from >= before.length - tail)
    .map((range) => (range.to <= head ? range : { ...range, from: range.from + shift, to: range.to + shift }));
}

// The server counts characters, the browser UTF-16 units: an emoji is one there and two here.
function unitsOf(text) {
  if (!/[\u{10000}-\u{10ffff}]/u.test(text)) return (at) => at;
  const starts = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  starts.push(at);
  return (index) => starts[Math.min(index, starts.length - 1)];
}

export class Manuscript {
  constructor(section) {
    this.section = section;
    this.area = section.querySelector("textarea[name=script]");
    this.mirror = section.querySelector(".mirror");
    this.sheet = section.querySelector(".sheet-of-script");
    this.list = section.querySelector("[data-lines]");
    this.count = section.querySelector("[data-count]");
    this.length = section.querySelector("[data-length-of-scene]");
    this.told = this.area.defaultValue; // the script that the margin speaks of
    this.hung = []; // words with something on the picture, in the script `hungIn`
    this.hungIn = this.told;
    this.read();
    new ResizeObserver(() => this.place()).observe(this.sheet);
  }

  get markup() {
    return this.section.dataset.markup;
  }

  get speed() {
    return Number(this.section.dataset.speed) || 1;
  }

  // Learns from the margin that the server wrote: which line had which text, what it warns of.
  read() {
    this.known = [];
    this.ranges = [];
    const unit = unitsOf(this.told);
    for (const item of this.list.children) {
      const [from, to] = [unit(Number(item.dataset.start)), unit(Number(item.dataset.end))];
      this.known.push({ text: this.told.slice(from, to), item });
      if (item.classList.contains("line-stopped")) this.ranges.push({ from, to, name: "mark-stop" });
      for (const warning of item.querySelectorAll(".line-warning")) {
        const range = { from: unit(Number(warning.dataset.from)), to: unit(Number(warning.dataset.to)), name: "mark-warning" };
        if (range.to > range.from) this.ranges.push(range);
      }
      for (const guess of item.querySelectorAll(".line-guess")) {
        const range = { from: unit(Number(guess.dataset.from)), to: unit(Number(guess.dataset.to)), name: "mark-guess" };
        if (range.to > range.from) this.ranges.push(range);
      }
    }
  }

  // A margin from the server for `script`, as it was saved.
  setMargin(html, script) {
    const focused = this.list.contains(document.activeElement) && document.activeElement.dataset.listen;
    const sounding = this.list.querySelector("[data-sound]");
    const template = document.createElement("template");
    template.innerHTML = html;
    if (sounding) {
      const twin = template.content.querySelector(`[data-listen="${sounding.dataset.listen}"]`);
      twin?.replaceWith(sounding); // the button that plays goes on playing
    }
    this.list.replaceChildren(template.content);
    if (focused) this.list.querySelector(`[data-listen="${focused}"]`)?.focus();
    this.told = script;
    this.read();
    this.draw();
  }

  // Marks the words that have something on the picture; `script` is the one that the ranges count in.
  hang(ranges, script) {
    const unit = unitsOf(script);
    this.hung = ranges.map((range) => ({ ...range, from: unit(range.from), to: unit(range.to) }));
    this.hungIn = script;
    this.draw();
  }

  // Everything that follows from the text: marks, margin, counts.
  draw() {
    const text = this.area.value;
    this.lines = linesOf(text, this.markup);
    const ranges = [...moved(this.ranges, this.told, text), ...moved(this.hung, this.hungIn, text)];
    const pieces = document.createDocumentFragment();
    this.spans = [];
    let at = 0;
    for (const line of this.lines) {
      pieces.append(text.slice(at, line.start));
      const span = document.createElement("span");
      if (line.heading) span.append(marked("mark-chapter", line.text));
      else this.inline(span, line, ranges);
      pieces.append(span);
      if (!line.heading) this.spans.push(span);
      at = line.end;
    }
    pieces.append(`${text.slice(at)}\u200b`); // keeps the height of a last empty row
    this.mirror.replaceChildren(pieces);
    this.lines = this.lines.filter((line) => !line.heading);
    this.fillMargin();
    const words = this.words;
    this.count.textContent = `${words} word${words === 1 ? "" : "s"}`;
    this.length.textContent = clock(this.seconds);
    this.place();
  }

  inline(span, line, ranges) {
    const found = [...line.text.matchAll(INLINE)].map((match) => ({
      from: line.start + match.index,
      to: line.start + match.index + match[0].length,
      name: match.groups.pause ? "mark-pause" : match.groups.stress ? "mark-stress" : "mark-tag",
    }));
    if (this.markup === "text") found.length = 0;
    const here = ranges.map((r) => ({ ...r, from: Math.max(r.from, line.start), to: Math.min(r.to, line.end) }));
    const all = [...here.filter((r) => r.from < r.to), ...found];
    const cuts = [...new Set([line.start, line.end, ...all.flatMap((r) => [r.from, r.to])])].sort((a, b) => a - b);
    for (let n = 0; n + 1 < cuts.length; n += 1) {
      const text = this.area.value.slice(cuts[n], cuts[n + 1]);
      const names = all.filter((r) => r.from <= cuts[n] && r.to >= cuts[n + 1]).map((r) => r.name);
      span.append(names.length ? marked(names.join(" "), text) : text);
    }
  }

  // One item a line: the known one where the text is the same, else a rough one until the server has read it.
  fillMargin() {
    const left = [...this.known];
    const items = this.lines.map((line) => {
      const index = left.findIndex((entry) => entry.text === line.text);
      return index >= 0 ? left.splice(index, 1)[0].item : null;
    });
    const model = this.section.ownerDocument.getElementById("line-model").content.firstElementChild;
    let fresh = false;
    items.forEach((item, n) => {
      const line = this.lines[n];
      if (!item) {
        const reused = left.find((entry) => !items.includes(entry.item) && entry.item.dataset.line === String(n + 1));
        item = reused ? reused.item : model.cloneNode(true);
        if (reused) left.splice(left.indexOf(reused), 1);
        item.querySelectorAll(".line-warning, .line-stop, .line-guesses").forEach((note) => note.remove());
        item.classList.remove("line-stopped");
        item.dataset.seconds = roughSeconds(line.text, this.speed).toFixed(2);
        item.querySelector("[data-seconds-text]").textContent = `${Math.round(item.dataset.seconds)} s`;
        items[n] = item;
      }
      const number = String(n + 1);
      if (item.dataset.line !== number || !item.querySelector("button").dataset.listen) {
        item.dataset.line = number;
        item.querySelector(".line-number").textContent = number;
        const button = item.querySelector(".line-listen");
        button.setAttribute("aria-label", `Listen to line ${number}`);
        button.dataset.listen = `/scenes/${this.section.dataset.scene}/lines/${number}/sound`;
      }
      fresh ||= this.list.children[n] !== item;
    });
    if (fresh || this.list.children.length !== items.length) this.list.replaceChildren(...items);
  }

  // Where the words of a guess stand in the text as it is now; an empty range if they were typed over.
  rangeOf(guess) {
    const unit = unitsOf(this.told);
    const known = { from: unit(Number(guess.dataset.from)), to: unit(Number(guess.dataset.to)) };
    const [range] = moved([known], this.told, this.area.value);
    return range ? [range.from, range.to] : [0, 0];
  }

  get words() {
    return this.lines.reduce((sum, line) => sum + wordsOf(line.text), 0);
  }

  get seconds() {
    return [...this.list.children].reduce((sum, item) => sum + Number(item.dataset.seconds), 0);
  }

  // Puts each note at its line: beside its first row, or under its last one. It gets the room until the next line begins.
  place() {
    if (!this.spans) return;
    const items = [...this.list.children];
    const { position } = getComputedStyle(this.list);
    if (position !== "absolute") return; // the style sheet is not there yet
    const under = getComputedStyle(this.list).getPropertyValue("--notes").trim() === "under";
    const row = parseFloat(getComputedStyle(this.mirror).lineHeight);
    const paper = this.mirror.offsetTop;
    const tops = this.spans.map((span) => Math.floor((span.offsetTop - paper) / row) * row);
    const ends = this.spans.map((span) => Math.ceil((span.offsetTop + span.offsetHeight - paper) / row) * row);
    const notes = items.map((item) => item.querySelector(".line-note"));
    const heights = notes.map((note) => note.scrollHeight);
    let end = 0;
    items.forEach((item, n) => {
      const down = under ? ends[n] - tops[n] : 0;
      const room = n + 1 < items.length ? tops[n + 1] - tops[n] - down : Infinity;
      item.style.top = `${tops[n]}px`;
      notes[n].style.top = `${down}px`;
      notes[n].style.maxHeight = room === Infinity ? "" : `${room}px`;
      item.toggleAttribute("data-clipped", heights[n] > room);
      item.toggleAttribute("data-tight", under && this.followed(n));
      item.dataset.placed = "";
      end = tops[n] + down + heights[n] + 2;
    });
    this.sheet.style.minHeight = `${end}px`;
  }

  // Whether the row after the line has words, so that nothing can stand there: those of a heading, or the next <p> of SSML.
  followed(n) {
    const [rest, next = ""] = this.area.value.slice(this.lines[n].end).split("\n", 2);
    return Boolean(rest.trim() || next.trim());
  }

  lineAt(position) {
    const index = this.lines.findIndex((line) => position <= line.end);
    return index < 0 ? this.lines.length - 1 : index;
  }

  showCaret(on) {
    const at = on ? this.lineAt(this.area.selectionStart) : -1;
    const before = this.list.querySelector("[data-caret]");
    [...this.list.children].forEach((item, n) => item.toggleAttribute("data-caret", n === at));
    if (before !== this.list.querySelector("[data-caret]")) this.place(); // its note says more
  }

  // Text goes in through the browser's own editing, so that its undo takes it back.
  type(text) {
    this.area.focus();
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  pause() {
    const { value, selectionEnd } = this.area;
    this.area.setSelectionRange(selectionEnd, selectionEnd);
    const before = selectionEnd === 0 || /\s/.test(value[selectionEnd - 1]) ? "" : " ";
    const after = /^[\s.,!?;:]|^$/.test(value.slice(selectionEnd, selectionEnd + 1)) ? "" : " ";
    this.type(before + (this.markup === "ssml" ? '<break time="500ms"/>' : "[pause 0.5]") + after);
  }

  // The selected words, or the word at the caret; a second press takes the stress away.
  emphasis() {
    let [from, to] = this.selectedWords();
    const text = this.area.value;
    const [open, close] = this.markup === "ssml" ? ["<emphasis>", "</emphasis>"] : ["*", "*"];
    const inside = text.slice(from - open.length, from) === open && text.slice(to, to + close.length) === close;
    if (inside) {
      from -= open.length;
      to += close.length;
    }
    this.area.setSelectionRange(from, to);
    const words = text.slice(from, to);
    this.type(inside ? words.slice(open.length, words.length - close.length) : open + words + close);
    const caret = this.area.selectionEnd - (inside || words ? 0 : close.length);
    this.area.setSelectionRange(caret, caret);
  }

  selectedWords() {
    const text = this.area.value;
    let { selectionStart: from, selectionEnd: to } = this.area;
    if (from === to) {
      while (from > 0 && /[\p{L}\p{N}'’-]/u.test(text[from - 1])) from -= 1;
      while (to < text.length && /[\p{L}\p{N}'’-]/u.test(text[to])) to += 1;
    }
    while (from < to && /\s/.test(text[from])) from += 1;
    while (to > from && /\s/.test(text[to - 1])) to -= 1;
    return [from, to];
  }

  // Enter makes a new line of the script, which is a paragraph; Backspace at its start joins the two again.
  key(event) {
    if (this.markup === "ssml" || event.isComposing) return;
    const { value, selectionStart: from, selectionEnd: to } = this.area;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const row = value.slice(value.lastIndexOf("\n", from - 1) + 1, from);
      event.preventDefault();
      this.type(row.trim() && value[to] !== "\n" ? "\n\n" : "\n");
    } else if (event.key === "Backspace" && from === to && value.slice(from - 2, from) === "\n\n" && value[from - 3] !== "\n") {
      event.preventDefault();
      this.area.setSelectionRange(from - 2, from);
      document.execCommand("delete");
    }
  }
}

export function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
