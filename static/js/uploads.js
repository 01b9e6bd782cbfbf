// Files: chosen or dropped, sent with a meter, and put where they were meant for by the studio's answer.

import { csrfToken, sentenceOf } from "./page.js";

// `take(body)` puts what the studio answered on the page.
export function startUploads(side, take) {
  function send(input, file) {
    const form = input.form;
    const meter = side.querySelector(`[data-meter="${form.id}"]`);
    const wrong = side.querySelector(`[data-wrong="${form.id}"]`);
    input.closest(".prop-body").append(meter, wrong); // beside the field that was used
    wrong.hidden = true;
    meter.hidden = false;
    meter.removeAttribute("value");
    const body = new FormData();
    for (const { name, value } of form.querySelectorAll("input[type=hidden]")) body.append(name, value);
    body.append(input.name, file);
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => (meter.value = (0.9 * loaded) / total);
    request.onloadend = () => {
      meter.hidden = true;
      if (request.status === 201) take(request.response);
      else {
        wrong.textContent = sentenceOf({ status: request.status, body: request.response ?? {} });
        wrong.hidden = false;
        input.value = "";
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
