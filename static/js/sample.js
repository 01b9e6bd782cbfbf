// Buttons with data-sample play the sound behind that address; pressing again stops it.

const sound = new Audio();
let playing = null;

function stop() {
  sound.pause();
  playing?.setAttribute("aria-pressed", "false");
  playing = null;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sample]");
  if (!button) return;
  const again = button === playing;
  stop();
  if (again) return;
  playing = button;
  button.setAttribute("aria-pressed", "true");
  sound.src = button.dataset.sample;
  sound.play().catch(stop);
});
sound.addEventListener("ended", stop);
