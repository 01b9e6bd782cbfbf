// The last film beside the script, in the place of the frame: it plays from the word that is clicked, and the word that is said is
// lit. As soon as something is changed that the frame shows, the frame is there again.

import { ask, sentenceOf, toast } from "./page.js";

const LIT = "said"; // the highlight of the word that is said: ::highlight(said)

// Where each word of the film stands in the line as it is written; -1 for one that is said otherwise.
function placesOf(text, words) {
  const written = text.toLowerCase();
  let from = 0;
  return words.map(([word]) => {
    const bare = word.toLowerCase().replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
    const at = bare ? written.indexOf(bare, from) : -1;
    if (at >= 0) from = at + bare.length;
    return { at, end: at + bare.length };
  });
}

// `manuscripts`: scene id -> Manuscript, as the page has them now.
export function startFilm(desk, manuscripts) {
  const side = document.getElementById("side");
  const film = document.getElementById("film");
  const video = film?.querySelector("video");
  let lines = null; // of the film: {scene, text, words: [[word, start, end]], places}
  let shown = false;

  function place() {
    const box = document.getElementById("frame-box");
    if (shown && box && film.parentElement !== box) box.append(film);
    film.hidden = !shown;
    for (const button of document.querySelectorAll("button[data-film]")) button.setAttribute("aria-pressed", String(shown));
  }

  async function load() {
    if (lines) return true;
    const answer = await ask(desk.dataset.film);
    if (answer.status !== 200) {
      toast(sentenceOf(answer));
      return false;
    }
    const { video_url: url, poster_url: poster, lines: found } = answer.body;
    lines = found.map((line) => ({ ...line, places: placesOf(line.text, line.words) }));
    video.poster = poster;
    video.src = url;
    return true;
  }

  async function open() {
    if (!(await load())) return false;
    shown = true;
    place();
    return true;
  }

  function close() {
    if (!shown) return;
    shown = false;
    video.pause();
    CSS.highlights?.delete(LIT);
    place();
  }

  // The line of the script that the film's line is now; none once it was changed.
  function written(line) {
    const manuscript = manuscripts.get(line.scene);
    const twins = lines.filter((other) => other.scene === line.scene && other.text === line.text);
    const same = manuscript?.lines.filter((other) => other.text.trim() === line.text.trim()) ?? [];
    const found = same[twins.indexOf(line)];
    if (!found) return null;
    const lead = found.text.length - found.text.trimStart().length;
    return { manuscript, start: found.start + lead };
  }

  function rangeIn(mirror, from, to) {
    const walker = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let at = 0;
    let begun = false;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const next = at + node.length;
      if (!begun && from < next) {
        range.setStart(node, from - at);
        begun = true;
      }
      if (begun && to <= next) {
        range.setEnd(node, to - at);
        return range;
      }
      at = next;
    }
    return null;
  }

  function light() {
    if (!shown || !CSS.highlights) return;
    const now = video.currentTime;
    const line = lines.findLast((one) => one.words.length && one.words[0][1] <= now);
    const index = line ? line.words.findLastIndex(([, start]) => start <= now) : -1;
    const said = line?.places[index];
    const here = said && said.at >= 0 ? written(line) : null;
    const range = here && rangeIn(here.manuscript.mirror, here.start + said.at, here.start + said.end);
    if (range) CSS.highlights.set(LIT, new Highlight(range));
    else CSS.highlights.delete(LIT);
    if (!video.paused) requestAnimationFrame(light);
  }

  // Plays from the word at the caret.
  function seek(scene, caret) {
    for (const line of lines) {
      if (line.scene !== scene) continue;
      const here = written(line);
      const inside = here ? caret - here.start : -1;
      if (inside < 0 || inside > line.text.length) continue;
      const index = line.places.findLastIndex(({ at }) => at >= 0 && at <= inside);
      video.currentTime = line.words[Math.max(0, index)][1];
      video.play().catch(() => {});
      return;
    }
  }

  if (!video) return { close };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-film]");
    if (button) {
      if (shown) close();
      else if (await open()) video.play().catch(() => {});
      return;
    }
    const area = event.target.closest("textarea[name=script]");
    if (!shown || !area || area.selectionStart !== area.selectionEnd) return;
    seek(area.closest("[data-scene]").dataset.scene, area.selectionStart);
  });
  video.addEventListener("play", light);
  video.addEventListener("seeked", light);
  video.addEventListener("error", () => {
    lines = null; // its address has expired: the next press asks for a fresh one
    close();
  });
  side.addEventListener("input", close);
  new MutationObserver(place).observe(side, { childList: true }); // another scene was chosen
  return { close };
}
