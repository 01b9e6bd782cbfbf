// <line-player>: a finished line beside the page of its render. Closing it, or Escape, ends the sound and gives the focus back.
// When the render is over, the film is there: the line plays to its end and makes room.

class LinePlayer extends HTMLElement {
  connectedCallback() {
    const dialog = this.querySelector("dialog");
    dialog.addEventListener("close", () => this.leave());
    this.escape = (event) => {
      if (event.key === "Escape") this.leave();
    };
    document.addEventListener("keydown", this.escape);
    this.seen = new MutationObserver(() => this.makeRoom());
    this.seen.observe(document.getElementById("progress"), { attributeFilter: ["class"] });
    this.querySelector("video").addEventListener("ended", () => this.makeRoom());
    requestAnimationFrame(() => this.querySelector("video").focus());
  }

  makeRoom() {
    const video = this.querySelector("video");
    if (!document.getElementById(this.dataset.from) && (video.paused || video.ended)) this.leave();
  }

  leave() {
    this.remove();
    document.getElementById(this.dataset.from)?.focus();
  }

  disconnectedCallback() {
    this.seen.disconnect();
    document.removeEventListener("keydown", this.escape);
    this.querySelector("video").pause();
  }
}

customElements.define("line-player", LinePlayer);
