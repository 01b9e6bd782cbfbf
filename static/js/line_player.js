// <line-player>: a finished line beside the page of its render. Closing it, or Escape, ends the sound and gives the focus back.

class LinePlayer extends HTMLElement {
  connectedCallback() {
    const dialog = this.querySelector("dialog");
    dialog.addEventListener("close", () => this.leave());
    this.escape = (event) => {
      if (event.key === "Escape") this.leave();
    };
    document.addEventListener("keydown", this.escape);
    requestAnimationFrame(() => this.querySelector("video").focus());
  }

  leave() {
    this.remove();
    document.getElementById(this.dataset.from)?.focus();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.escape);
    this.querySelector("video").pause();
  }
}

customElements.define("line-player", LinePlayer);
