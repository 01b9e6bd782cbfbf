// The page of a shared link. Counts which tenths of the film were played, and tells the studio when the viewer pauses or leaves:
// nothing else is sent. On a page for reviewers a comment is pinned to the second that is shown.

import "./review.js";

const page = document.querySelector("[data-seen]");
const video = page?.querySelector("video");
const TENTHS = 10;

if (video) {
  let seen = 0;
  let sent = 0;

  const send = () => {
    if (seen === sent) return;
    sent = seen;
    navigator.sendBeacon(page.dataset.seen, new URLSearchParams({ tenths: seen }));
  };

  video.addEventListener("timeupdate", () => {
    if (video.paused || !video.duration) return;
    const first = seen === 0;
    seen |= 1 << Math.min(TENTHS - 1, Math.floor((TENTHS * video.currentTime) / video.duration));
    if (first) send();
  });
  for (const moment of ["pause", "ended"]) video.addEventListener(moment, send);
  addEventListener("pagehide", send);
  document.addEventListener("visibilitychange", () => document.hidden && send());
}

const review = document.querySelector("[data-review]");

if (video && review) {
  const form = review.querySelector("form");
  const text = form.querySelector("textarea");
  const second = form.querySelector("[data-at-second]");
  const words = form.querySelector("[data-at-words]");

  const clock = (moment) => `${Math.floor(moment / 60)}:${String(Math.floor(moment % 60)).padStart(2, "0")}`;
  const pin = () => {
    if (text.value) return; // what is being written stays where it began
    second.value = video.currentTime.toFixed(1);
    words.textContent = `, at ${clock(video.currentTime)}`;
  };
  video.addEventListener("timeupdate", pin);
  video.addEventListener("seeked", pin);

  const write = () => {
    video.pause();
    pin();
    text.focus();
  };
  text.addEventListener("focus", () => {
    video.pause();
    if (video.currentTime > 0) pin(); // a jump to that second may still be under way
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key.toLowerCase() !== "c" || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.target.matches("input, textarea, select")) return;
      event.preventDefault();
      event.stopPropagation(); // elsewhere the key is for captions
      write();
    },
    true,
  );

  // A reviewer says once who they are; this browser remembers it, no cookie is set.
  for (const field of form.querySelectorAll("[data-remembered]")) {
    const key = `reviewer-${field.name}`;
    try {
      field.value ||= localStorage.getItem(key) ?? "";
      form.addEventListener("submit", () => localStorage.setItem(key, field.value));
    } catch {
      // Storage is closed: it is typed again.
    }
  }
}
