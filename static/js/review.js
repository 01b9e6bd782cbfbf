// The second that a comment is about: a press on it plays the film of the page from there.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-seek]");
  const video = document.querySelector("video");
  if (!link || !video || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  video.currentTime = Number(link.dataset.seek);
  video.scrollIntoView({ block: "nearest" });
  video.play().catch(() => {});
});
