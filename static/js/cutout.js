// The brush that corrects a cut-out: <cut-out data-for="id of a hidden input" data-photo="…" data-cutout="…"> with a canvas and
// tools in it. The input holds the strokes as rendering/faces/brush.py reads them.

const GROUNDS = { light: "#e9e4dc", dark: "#16181d", colour: "#2f6f8f" };
const PALE = 0.25; // how much is seen of what is taken away
const STEP = 0.02; // shares of the picture that an arrow moves the brush; a quarter of that with Shift
const LEAST = 0.004; // shares between two points of a stroke

function loaded(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = address;
  });
}

const rounded = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;

class CutOut extends HTMLElement {
  async connectedCallback() {
    this.input = document.getElementById(this.dataset.for);
    this.canvas = this.querySelector("canvas");
    this.says = this.querySelector("[data-says]");
    this.size = this.querySelector("[data-size]");
    this.strokes = JSON.parse(this.input.value || "[]");
    this.undone = [];
    this.at = [0.5, 0.5];
    try {
      [this.photo, this.cutout] = await Promise.all([loaded(this.dataset.photo), loaded(this.dataset.cutout)]);
    } catch {
      return; // it was kept or discarded meanwhile: the form below says so
    }
    // The cut-out that was loaded has the strokes of before in it already.
    this.before = this.strokes.length;
    this.canvas.width = this.cutout.naturalWidth;
    this.canvas.height = this.cutout.naturalHeight;
    this.mask = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    this.layer = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    this.hidden = false;
    this.listen();
    this.draw();
  }

  get keep() {
    return this.querySelector("[data-keep]").checked;
  }

  get radius() {
    return Number(this.size.value) / 100;
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.move(event);
      this.begin();
    });
    canvas.addEventListener("pointermove", (event) => {
      this.move(event);
      if (canvas.hasPointerCapture(event.pointerId)) this.extend();
      this.draw();
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => this.end());
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.end());
    canvas.addEventListener("focus", () => this.draw());
    this.addEventListener("change", (event) => {
      if (event.target.name === "view") this.draw();
    });
    this.size.addEventListener("input", () => this.draw());
    this.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    this.querySelector("[data-redo]").addEventListener("click", () => this.redo());
    this.querySelector("[data-clear]").addEventListener("click", () => this.clear());
  }

  move(event) {
    const box = this.canvas.getBoundingClientRect();
    this.at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(rounded);
  }

  key(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = arrows[event.key];
    if (way) {
      const step = event.shiftKey ? STEP / 4 : STEP;
      this.at = [this.at[0] + way[0] * step, this.at[1] + way[1] * step].map(rounded);
      if (this.stroke) this.extend();
    } else if (event.key === " ") {
      if (this.stroke) this.end();
      else this.begin();
      this.say(this.stroke ? "Brush down" : "Brush up");
    } else if (event.key === "[" || event.key === "]") {
      this.size.value = Number(this.size.value) + (event.key === "]" ? 1 : -1);
      this.say(`Size ${this.size.value}`);
    } else if (/^[kt]$/i.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const value = event.key.toLowerCase() === "k" ? "keep" : "take";
      this.querySelector(`[name=brush][value=${value}]`).checked = true;
      this.say(value === "keep" ? "Keep" : "Take away");
    } else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      if (event.shiftKey) this.redo();
      else this.undo();
    } else return;
    event.preventDefault();
    this.draw();
  }

  begin() {
    this.stroke = { keep: this.keep, radius: this.radius, points: [[...this.at]] };
    this.strokes.push(this.stroke);
    this.undone = [];
    this.draw();
  }

  extend() {
    const [x, y] = this.stroke.points.at(-1);
    if (Math.hypot(this.at[0] - x, this.at[1] - y) >= LEAST) this.stroke.points.push([...this.at]);
  }

  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.store();
  }

  undo() {
    if (!this.strokes.length) return this.say("Nothing to undo");
    this.undone.push(this.strokes.pop());
    this.store();
  }

  redo() {
    if (!this.undone.length) return this.say("Nothing to redo");
    this.strokes.push(this.undone.pop());
    this.store();
  }

  clear() {
    this.undone = this.strokes.splice(0).reverse();
    this.store();
  }

  store() {
    this.input.value = JSON.stringify(this.strokes);
    const gone = this.strokes.length < this.before;
    this.say(gone ? "Strokes of before are seen until it is cut out again." : `Strokes: ${this.strokes.length}`);
    this.draw();
  }

  say(words) {
    this.says.textContent = words;
  }

  // The mask as it was made, with the strokes that came since.
  masked() {
    const { width, height } = this.mask;
    const pen = this.mask.getContext("2d");
    pen.globalCompositeOperation = "copy";
    pen.drawImage(this.cutout, 0, 0, width, height);
    pen.lineCap = pen.lineJoin = "round";
    for (const { keep, radius, points } of this.strokes.slice(Math.min(this.before, this.strokes.length))) {
      pen.globalCompositeOperation = keep ? "source-over" : "destination-out";
      pen.lineWidth = 2 * radius * width;
      pen.beginPath();
      pen.moveTo(points[0][0] * width, points[0][1] * height);
      for (const [x, y] of points) pen.lineTo(x * width + 0.01, y * height);
      pen.stroke();
    }
    return this.mask;
  }

  draw() {
    const { width, height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    const ground = GROUNDS[this.querySelector("[name=view]:checked").value];
    pen.globalAlpha = 1;
    pen.fillStyle = ground ?? "#fff";
    pen.fillRect(0, 0, width, height);
    if (!ground) {
      pen.globalAlpha = PALE;
      pen.drawImage(this.photo, 0, 0, width, height);
      pen.globalAlpha = 1;
    }
    const layer = this.layer.getContext("2d");
    layer.globalCompositeOperation = "copy";
    layer.drawImage(this.masked(), 0, 0);
    layer.globalCompositeOperation = "source-in";
    layer.drawImage(this.photo, 0, 0, width, height);
    pen.drawImage(this.layer, 0, 0);
    // The brush: a ring that is seen on light and on dark.
    for (const [colour, line] of [["#fff", 4], [this.keep ? "#18794e" : "#c2342c", 2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.beginPath();
      pen.arc(this.at[0] * width, this.at[1] * height, this.radius * width, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}

customElements.define("cut-out", CutOut);
