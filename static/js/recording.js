// The recording that is chosen or dropped: its name is shown, and what cannot be used is told before it is sent.

const MOST = 30e6; // bytes
const SHORTEST = 30; // seconds
const LONGEST = 120;

const drop = document.querySelector("[data-drop]");
const input = drop.querySelector("input");
const name = drop.querySelector("[data-file-name]");

function secondsOf(file) {
  return new Promise((resolve) => {
    const player = new Audio();
    const end = (seconds) => {
      URL.revokeObjectURL(player.src);
      resolve(seconds);
    };
    player.addEventListener("loadedmetadata", () => end(player.duration), { once: true });
    player.addEventListener("error", () => end(NaN), { once: true });
    player.src = URL.createObjectURL(file);
  });
}

input.addEventListener("change", async () => {
  const [file] = input.files;
  if (!file) return;
  name.textContent = file.name;
  let problem = file.size > MOST ? `The recording has ${Math.round(file.size / 1e6)} MB; at most 30 MB fit. Save it as an MP3.` : "";
  const seconds = problem ? NaN : await secondsOf(file);
  if (input.files[0] !== file) return; // another one was chosen meanwhile
  if (Number.isFinite(seconds)) {
    name.textContent = `${file.name} · ${Math.round(seconds)} s`;
    if (seconds < SHORTEST) problem = `The recording has ${Math.round(seconds)} seconds; use 30 to 120 seconds of one person speaking.`;
    if (seconds > LONGEST + 1) problem = "The recording has more than two minutes; use 30 to 120 seconds of one person speaking.";
  }
  input.setCustomValidity(problem);
  if (problem) input.reportValidity();
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
