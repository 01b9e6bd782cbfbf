// Files: chosen or dropped, sent with a meter, and put where they were meant for by the studio's answer.

import { csrfToken, sentenceOf } from "./page.js";

// `before()` saves what is open, so that no older change comes after the file; `take(body)` puts what the studio
// answered on the page.
export function startUploads(side, before, take) {
  // Meter and sentence, put beside the field that was used: the inspector may be drawn anew while the file is on its way.
  function beside(id, name) {
    const found = ["meter", "wrong"].map((part) => side.querySelector(`[data-${part}="${id}"]`));
    const body = side.querySelector(`[type=file][name="${name}"]`)?.closest(".prop-body");
    if (body && !body.contains(found[0])) body.append(...found);
    return found;
  }

  async function send(input, file) {
    const { form, name } = input;
    const body = new FormData();
    for (const hidden of form.querySelectorAll("input[type=hidden]")) body.append(hidden.name, hidden.value);
    body.append(name, file);
    input.value = ""; // so that the same file can be chosen again
    function show(share) {
      const [meter, wrong] = beside(form.id, name);
      wrong.hidden = true;
      meter.hidden = false;
      if (share === undefined) meter.removeAttribute("value");
      else meter.value = share;
    }
    show();
    await before();
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => show((0.9 * loaded) / total);
    request.onloadend = () => {
      const [meter, wrong] = beside(form.id, name);
      meter.hidden = true;
      if (request.status === 201) take(request.response);
      else {
        wrong.textContent = sentenceOf({ status: request.status, body: request.response ?? {} });
        wrong.hidden = false;
      }
    };
    request.send(body);
  }

  side.addEventListener("change", (event) => {
    if (event.target.type === "file" && event.target.files[0]) send(event.target, event.target.files[0]);
  });

  for (const name of ["dragover", "dragleave", "drop"]) {
    side.addEventListener(name, (event) => {
      const drop = event.target.closest?.(".drop");
      if (!drop || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.toggleAttribute("data-over", name === "dragover");
      if (name === "drop") send(drop.querySelector("[type=file]"), event.dataTransfer.files[0]);
    });
  }
}
