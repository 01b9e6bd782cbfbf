// Portraits come alive while the pointer or the focus is on them; on a person's own page one hears one's own words.

import { listen, stop } from "./listen.js";

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
let playing = null;

function play(face) {
  if (playing === face || calm.matches) return;
  rest();
  playing = face;
  const clip = document.createElement("video");
  Object.assign(clip, { muted: true, loop: true, playsInline: true, src: face.dataset.clip, tabIndex: -1 });
  clip.setAttribute("aria-hidden", "true");
  clip.addEventListener("playing", () => face.setAttribute("data-playing", ""), { once: true });
  face.querySelector("img")?.after(clip);
  clip.play().catch(rest);
}

function rest() {
  if (!playing) return;
  playing.removeAttribute("data-playing");
  playing.querySelector("video")?.remove();
  playing = null;
}

const face = (event) => (event.target instanceof Element ? event.target.closest("[data-clip]") : null);

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const over = face(event);
  if (over) play(over);
  else if (playing && !playing.contains(document.activeElement)) rest();
});
document.addEventListener("focusin", (event) => (face(event) ? play(face(event)) : rest()));
document.addEventListener("focusout", (event) => {
  if (!event.relatedTarget && playing && !playing.matches(":hover")) rest();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-hear]");
  if (!button) return;
  if (button.dataset.sound) stop();
  else {
    const text = document.querySelector("[data-hear-text]").value;
    listen(button, `${button.dataset.hear}?${new URLSearchParams({ text })}`);
  }
});
