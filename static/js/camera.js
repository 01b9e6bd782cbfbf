// The camera: a photo for a form, <camera-shot data-for="id of a file input">, or the pictures of a person who does what is
// asked, <camera-steps data-for="…" data-challenge="id of a hidden input" data-address="where the steps are asked for">.
// And the drop area of the form.

import { ask, sentenceOf } from "./page.js";

const NO_CAMERA = "No camera can be used here; use a browser that has one, over https.";
const WIDEST = 1280; // pixels of a picture that shows what was asked: more tells no more

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

class Camera extends HTMLElement {
  connectedCallback() {
    this.input = document.getElementById(this.dataset.for);
    if (!navigator.mediaDevices?.getUserMedia) return this.tell(NO_CAMERA);
    this.hidden = false;
    this.open = this.querySelector("[data-open]");
    this.open.addEventListener("click", () => this.start());
  }

  disconnectedCallback() {
    this.stop();
  }

  // Says it below, and to those who do not see it. `wrong` marks what keeps one from going on.
  tell(words, wrong = false) {
    this.note ??= this.appendChild(made("p", {}));
    this.note.setAttribute("role", "status");
    this.note.className = wrong ? "field-error" : "field-help";
    this.note.textContent = words;
  }

  // Shows what the camera sees; false when there is none, and then says so.
  async look() {
    this.open.disabled = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
    } catch (problem) {
      this.open.disabled = false;
      const refused = problem.name === "NotAllowedError";
      this.tell(refused ? "The camera was not allowed; allow it in the address bar and try again." : "No camera is found; connect one and try again.", true);
      return false;
    }
    this.open.hidden = true;
    this.video = made("video", { muted: true, playsInline: true, autoplay: true, className: "camera-view camera-mirror", srcObject: this.stream });
    this.video.setAttribute("aria-label", "What the camera sees");
    return true;
  }

  // A JPEG of what the camera sees now, at most `widest` pixels wide; null before it sees anything.
  picture(widest = Infinity) {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return Promise.resolve(null);
    const scale = Math.min(1, widest / videoWidth);
    const canvas = made("canvas", { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) });
    canvas.getContext("2d").drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.93));
  }

  hand(blobs) {
    const files = new DataTransfer();
    blobs.forEach((blob, index) => files.items.add(new File([blob], `camera-${index + 1}.jpg`, { type: "image/jpeg" })));
    this.input.files = files.files;
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  reopen(words) {
    this.stop();
    this.open.hidden = this.open.disabled = false;
    this.open.lastChild.textContent = words;
    this.open.focus();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }
}

class CameraShot extends Camera {
  async start() {
    if (!(await this.look())) return;
    this.take = made("button", { type: "button", className: "button", textContent: "Take the picture" });
    this.take.addEventListener("click", () => this.shoot());
    this.append(this.video, this.take);
    this.tell("Look into the lens.");
    this.take.focus();
  }

  async shoot() {
    const blob = await this.picture();
    if (!blob) return;
    this.hand([blob]);
    this.video.remove();
    this.take.remove();
    this.tell("Taken.");
    this.reopen("Take it again");
  }
}

class CameraSteps extends Camera {
  async start() {
    this.hand([]);
    this.taken = [];
    this.strip?.remove();
    if (!(await this.look())) return;
    const { status, body } = await ask(this.dataset.address, {});
    if (status !== 200) {
      this.tell(sentenceOf({ status, body }), true);
      return this.reopen("Open the camera");
    }
    this.steps = body.steps;
    document.getElementById(this.dataset.challenge).value = body.id;
    this.querySelector("[data-before]")?.remove();
    this.words = made("p", { className: "camera-asked" });
    this.words.setAttribute("role", "status");
    this.strip = made("ol", { className: "camera-strip" });
    this.strip.setAttribute("aria-label", "Pictures that were taken");
    this.take = made("button", { type: "button", className: "button" });
    this.take.addEventListener("click", () => this.shoot());
    this.append(this.words, this.video, this.take, this.strip);
    this.tell("Do it first, then press the button; the space bar presses it too.");
    this.next();
    this.take.focus();
  }

  next() {
    const number = this.taken.length + 1;
    this.words.replaceChildren(made("span", { className: "detail quiet", textContent: `${number} of ${this.steps.length}` }), this.steps[number - 1]);
    this.take.textContent = `Take picture ${number}`;
  }

  async shoot() {
    this.take.disabled = true;
    const blob = await this.picture(WIDEST);
    this.take.disabled = false;
    this.take.focus();
    if (!blob) return;
    this.taken.push(blob);
    const alt = `Picture ${this.taken.length}: ${this.steps[this.taken.length - 1]}`;
    this.strip.append(made("li", {}, made("img", { alt, src: URL.createObjectURL(blob), className: "camera-mirror" })));
    if (this.taken.length < this.steps.length) return this.next();
    this.hand(this.taken);
    for (const part of [this.words, this.video, this.take]) part.remove();
    this.tell("All taken. Send them within four minutes.");
    this.reopen("Take them again");
  }
}

customElements.define("camera-shot", CameraShot);
customElements.define("camera-steps", CameraSteps);

const drop = document.querySelector("[data-drop]");
if (drop) {
  const input = drop.querySelector("input");
  const name = drop.querySelector("[data-file-name]");
  const shown = drop.querySelector("img");
  // A HEIC photo cannot be shown by most browsers: then its name says enough.
  shown.addEventListener("load", () => { shown.hidden = false; });
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (!file) return;
    name.textContent = file.name;
    shown.hidden = true;
    URL.revokeObjectURL(shown.src);
    shown.src = URL.createObjectURL(file);
    const large = file.size > 20e6;
    input.setCustomValidity(large ? `The photo has ${Math.round(file.size / 1e6)} MB; at most 20 MB fit. Save it smaller.` : "");
    if (large) input.reportValidity();
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("is-over", kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change"));
    });
  }
}
