// <render-player>: a native <video> with chapters, a transcript that seeks and follows, and a few keys.

const STEP = 5; // seconds of J and L
const typing = "input, textarea, select, [contenteditable]";

class RenderPlayer extends HTMLElement {
  connectedCallback() {
    this.video = this.querySelector("video");
    this.frame = this.querySelector(".player-frame");
    this.scroller = this.querySelector(".transcript-lines");
    this.words = [...this.querySelectorAll("[data-at]")];
    this.times = this.words.map((word) => Number(word.dataset.at));
    this.spans = [...this.querySelectorAll("[data-start]")];
    this.addEventListener("click", (event) => this.seekFrom(event));
    this.page = new AbortController(); // keys anywhere on the page are the player's, as the line below it says
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.page.signal });
    this.video.addEventListener("timeupdate", () => this.follow());
    this.video.addEventListener("error", () => this.refresh());
    const button = this.querySelector("[data-full-screen]");
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", () => this.toggleFullScreen());
    this.labelInFullScreen();
  }

  disconnectedCallback() {
    this.page.abort();
  }

  seekFrom(event) {
    const at = event.target.closest("[data-at], a[data-start], .transcript-time");
    if (!at || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const { at: word, start } = at.dataset;
    this.video.currentTime = Number(word ?? start ?? at.parentElement.dataset.start) + 0.01;
    this.play();
  }

  key(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.matches(typing)) return;
    if (event.target.closest("line-player, dialog")) return;
    const { video } = this;
    const onVideo = event.target === video;
    const act = {
      " ": () => (event.target.matches("video, button, summary") ? null : this.toggle()),
      k: () => this.toggle(),
      j: () => (video.currentTime -= STEP),
      l: () => (video.currentTime += STEP),
      arrowleft: () => (onVideo ? null : (video.currentTime -= STEP)), // a focused video has arrow keys of its own
      arrowright: () => (onVideo ? null : (video.currentTime += STEP)),
      c: () => this.toggleCaptions(),
      f: () => this.toggleFullScreen(),
    }[event.key.toLowerCase()];
    if (!act || act() === null) return;
    event.preventDefault();
  }

  // A play that a pause overtakes, or that the browser forbids, leaves the video paused: nothing to tell.
  play() {
    this.video.play().catch(() => {});
  }

  toggle() {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  // The whole frame goes full screen, so that the label stays in the picture.
  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.frame.requestFullscreen();
  }

  toggleCaptions() {
    const track = this.video.querySelector("track")?.track;
    if (track) track.mode = track.mode === "showing" ? "hidden" : "showing";
  }

  follow() {
    const now = this.video.currentTime;
    for (const span of this.spans) {
      const inside = now >= Number(span.dataset.start) && now < Number(span.dataset.end);
      span.classList.toggle("is-now", inside);
      if (!inside || span.tagName !== "P" || this.line === span) continue;
      this.line = span;
      this.show(span);
    }
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= now) low = middle + 1;
      else high = middle;
    }
    const word = this.words[low - 1];
    if (word === this.word) return;
    this.word?.classList.remove("is-said");
    this.word = word;
    word?.classList.add("is-said");
  }

  // Only the list scrolls, never the page, and not while the reader's pointer or focus is in it.
  show(line) {
    if (this.video.paused || this.scroller.matches(":hover, :focus-within")) return;
    const above = line.offsetTop - this.scroller.offsetTop;
    this.scroller.scrollTo({ top: above - this.scroller.clientHeight / 3, behavior: "smooth" });
  }

  // Links to files expire after a while: the page has a fresh one, and playing goes on where it was.
  async refresh() {
    const { currentTime, paused } = this.video;
    if (this.refreshed && Date.now() - this.refreshed < 60_000) return;
    this.refreshed = Date.now();
    const page = await fetch(location.href, { credentials: "same-origin" });
    const text = page.ok ? await page.text() : "";
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const source = fresh.querySelector("render-player video")?.getAttribute("src");
    if (!source) return;
    this.video.src = source;
    this.video.currentTime = currentTime;
    if (!paused) this.play();
  }

  // Some browsers have a full screen of their own that draws the video alone: there the label is a cue.
  labelInFullScreen() {
    const text = this.querySelector(".player-label").textContent;
    const track = this.video.addTextTrack("subtitles", text);
    track.mode = "disabled";
    const cue = new VTTCue(0, 360_000, text);
    Object.assign(cue, { line: 0, align: "start", position: 2, positionAlign: "line-left", size: 40 });
    const update = (full) => {
      track.mode = full ? "showing" : "disabled";
      if (full && !track.cues.length) track.addCue(cue);
    };
    document.addEventListener("fullscreenchange", () =>
      update(document.fullscreenElement === this.video),
    );
    this.video.addEventListener("webkitbeginfullscreen", () => update(true));
    this.video.addEventListener("webkitendfullscreen", () => update(false));
  }
}

customElements.define("render-player", RenderPlayer);
