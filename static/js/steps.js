// Undo and redo. The studio keeps the steps, so they are there after a reload; the page shows what it answers.

import { ask, sentenceOf, toast } from "./page.js";
import { flushAll } from "./saving.js";

const form = document.querySelector("[data-steps]");
const buttons = { undo: form.querySelector("[data-undo]"), redo: form.querySelector("[data-redo]") };
const NAMES = { undo: "Undo", redo: "Redo" };

// What the next press of each would take back or do again.
export function showSteps(steps) {
  if (!steps) return;
  for (const [which, button] of Object.entries(buttons)) {
    const words = steps[which] ? `${NAMES[which]}: ${steps[which]}` : NAMES[which];
    button.setAttribute("aria-label", words);
    button.title = words;
    if (steps[which]) button.removeAttribute("aria-disabled");
    else button.setAttribute("aria-disabled", "true");
  }
}

// `take` puts what the studio answered on the page.
export function startSteps(take) {
  let busy = false;

  async function step(which) {
    const button = buttons[which];
    if (busy) return;
    busy = true;
    const saved = await flushAll(); // what was typed last is a step, too
    const words = button.getAttribute("aria-label");
    if (saved && !button.hasAttribute("aria-disabled")) {
      const answer = await ask(button.getAttribute("formaction"), {});
      if (answer.body.reload) location.reload();
      else if (answer.status === 200) {
        showSteps(answer.body.steps);
        await take(answer.body);
        document.getElementById("told").textContent = `${words}. Done.`;
      } else toast(sentenceOf(answer));
    }
    busy = false;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    step(event.submitter === buttons.redo ? "redo" : "undo");
  });

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    // In a text the browser takes back what was typed there.
    if (event.target.matches("textarea, input:not([type=radio], [type=checkbox], [type=range], [type=color])")) return;
    event.preventDefault();
    step(key === "y" || event.shiftKey ? "redo" : "undo");
  });
}
