// A photo from a file or from the camera: <camera-shot data-for="id of a file input">, and the drop area of the form.

class CameraShot extends HTMLElement {
  connectedCallback() {
    this.input = document.getElementById(this.dataset.for);
    if (!navigator.mediaDevices?.getUserMedia) return this.tell("No camera can be used here; use a browser that has one, over https.");
    this.hidden = false;
    this.open = this.querySelector("[data-open]");
    this.open.addEventListener("click", () => this.start());
  }

  disconnectedCallback() {
    this.stop();
  }

  tell(words) {
    this.note ??= this.appendChild(Object.assign(document.createElement("p"), { className: "field-help" }));
    this.note.setAttribute("role", "status");
    this.note.textContent = words;
  }

  async start() {
    this.open.disabled = true;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
    } catch (problem) {
      this.open.disabled = false;
      const refused = problem.name === "NotAllowedError";
      return this.tell(refused ? "The camera was not allowed; allow it in the address bar and try again." : "No camera is found; connect one and try again.");
    }
    this.open.hidden = true;
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, autoplay: true, className: "camera-view", srcObject: this.stream });
    this.video.setAttribute("aria-label", "What the camera sees");
    this.take = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: "Take the picture" });
    this.take.addEventListener("click", () => this.shoot());
    this.append(this.video, this.take);
    this.tell("Look into the lens.");
    this.take.focus();
  }

  shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "camera.jpg", { type: "image/jpeg" }));
      this.input.files = files.files;
      this.input.dispatchEvent(new Event("change", { bubbles: true }));
      this.stop();
      this.video.remove();
      this.take.remove();
      this.picture?.remove();
      this.picture = Object.assign(new Image(), { className: "camera-view", alt: "The picture that was taken", src: URL.createObjectURL(blob) });
      this.prepend(this.picture);
      this.open.hidden = this.open.disabled = false;
      this.open.lastChild.textContent = "Take it again";
      this.tell("Taken.");
      this.open.focus();
    }, "image/jpeg", 0.95);
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }
}

customElements.define("camera-shot", CameraShot);

const drop = document.querySelector("[data-drop]");
if (drop) {
  const input = drop.querySelector("input");
  const name = drop.querySelector("[data-file-name]");
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (!file) return;
    name.textContent = file.name;
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
