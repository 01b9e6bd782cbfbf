// Listen: asks for the sound of a line, plays its first sentence as soon as it is made, and the rest after it.

import { ask, sentenceOf, toast } from "./page.js";

const POLL = 250; // ms between looks at what is made
const PATIENCE = 60000; // ms without anything new before one is told

let context = null;
let current = null; // what is sounding or being made
let before = async () => {};

// `work` is awaited before every sound: the editor saves what was typed.
export function beforeListening(work) {
  before = work;
}

export function isSounding() {
  return current !== null;
}

export function stop() {
  current?.end(false);
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Sound {
  constructor(button, url) {
    this.button = button;
    this.url = url;
    this.sources = [];
    this.over = false;
    this.finished = new Promise((resolve) => (this.resolve = resolve));
    this.show("making");
  }

  show(state) {
    const button = this.button;
    if (!button.isConnected) return;
    const use = button.querySelector(".icon use");
    const sprite = use.getAttribute("href").split("#")[0];
    const icon = { making: "loader-circle", playing: "circle-stop" }[state] ?? "play";
    use.setAttribute("href", `${sprite}#${icon}`);
    if (state) button.dataset.sound = state;
    else delete button.dataset.sound;
    button.setAttribute("aria-pressed", state ? "true" : "false");
    const label = [...button.querySelectorAll("span")].find((span) => /^(Listen|Stop)$/.test(span.textContent));
    if (label) label.textContent = state ? "Stop" : "Listen";
    button.querySelector(".ring")?.remove();
    if (state === "playing") this.addRing();
  }

  // A ring that fills with the time played; its weight follows the loudness.
  addRing() {
    const namespace = "http://www.w3.org/2000/svg";
    const ring = document.createElementNS(namespace, "svg");
    ring.setAttribute("class", "ring");
    ring.setAttribute("viewBox", "0 0 40 40");
    ring.setAttribute("aria-hidden", "true");
    this.circle = document.createElementNS(namespace, "circle");
    for (const [name, value] of Object.entries({ cx: 20, cy: 20, r: 17, pathLength: 100 })) {
      this.circle.setAttribute(name, value);
    }
    ring.append(this.circle);
    this.button.append(ring);
  }

  end(complete) {
    if (this.over) return;
    this.over = true;
    for (const source of this.sources) {
      source.onended = null;
      try {
        source.stop();
      } catch {
        // had not begun
      }
    }
    this.analyser?.disconnect();
    this.show("");
    if (current === this) current = null;
    this.resolve(complete);
  }

  async part(name, version) {
    const answer = await fetch(`${this.url}${this.url.includes("?") ? "&" : "?"}part=${name}&v=${version}`);
    if (!answer.ok) throw new Error(`sound ${answer.status}`);
    return context.decodeAudioData(await answer.arrayBuffer());
  }

  schedule(buffer, last) {
    if (this.over) return;
    if (!this.analyser) {
      this.analyser = context.createAnalyser();
      this.analyser.fftSize = 512;
      this.analyser.connect(context.destination);
      this.began = context.currentTime + 0.03;
      this.next = this.began;
      this.show("playing");
      requestAnimationFrame(() => this.draw());
    }
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.analyser);
    const at = Math.max(this.next, context.currentTime + 0.02);
    source.start(at);
    this.next = at + buffer.duration;
    this.sources.push(source);
    if (last) {
      this.last = true;
      source.onended = () => this.end(true);
    }
  }

  draw() {
    if (this.over || !this.circle) return;
    const level = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(level);
    const loud = Math.sqrt(level.reduce((sum, value) => sum + value * value, 0) / level.length);
    const played = context.currentTime - this.began;
    const length = this.next - this.began;
    this.circle.setAttribute("stroke-dasharray", `${Math.min(100, (100 * played) / length).toFixed(1)} 100`);
    this.circle.setAttribute("stroke-width", (2 + Math.min(3, loud * 14)).toFixed(2));
    requestAnimationFrame(() => this.draw());
  }

  async run() {
    let answer = await ask(this.url, {});
    let given = 0;
    let looked = performance.now();
    while (!this.over) {
      if (answer.status !== 200) {
        const sentence = sentenceOf(answer);
        this.end(false);
        toast(sentence);
        return;
      }
      const { ready, whole, version, working } = answer.body;
      if (whole && given === 0) {
        this.schedule(await this.part("whole", version), true);
        return;
      }
      while (!this.over && given < ready.length && ready[given]) {
        this.schedule(await this.part(given, version), given === ready.length - 1);
        given += 1;
        looked = performance.now();
      }
      if (given === ready.length) return;
      if (!working || performance.now() - looked > PATIENCE) {
        this.end(false);
        toast(
          working
            ? "Speaking this takes unusually long. It goes on in the background; press Listen again in a while."
            : "No worker is running to speak this. It will be spoken as soon as one is there.",
        );
        return;
      }
      await wait(POLL);
      answer = await ask(this.url);
    }
  }
}

// Plays what the button asks for; resolves to true when it was heard to the end.
export async function listen(button, url = button.dataset.listen) {
  stop();
  context ??= new AudioContext();
  const sound = new Sound(button, url);
  current = sound;
  await context.resume();
  await before(button);
  if (sound.over) return false;
  sound.run().catch(() => {
    sound.end(false);
    toast("The sound could not be loaded. Press Listen again.");
  });
  return sound.finished;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-listen]");
  if (!button) return;
  event.preventDefault();
  if (button.dataset.sound) stop();
  else listen(button);
});
