// The list of scenes: chosen by click, moved by drag, by button and by Alt with the arrow keys.

export function startRail({ arrange, choose, orderFields, desk }) {
  const rail = document.getElementById("rail");
  let dragged = null;

  const items = () => [...rail.querySelectorAll("[data-item]")];
  const order = () => items().map((item) => item.dataset.item);

  rail.addEventListener("click", (event) => {
    const link = event.target.closest("[data-choose]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(link.dataset.choose, { scroll: true });
  });

  // -- by keyboard: the arrows walk, Alt with an arrow carries the scene along

  rail.addEventListener("keydown", async (event) => {
    const link = event.target.closest("[data-choose]");
    const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (!link || !step) return;
    event.preventDefault();
    const ids = order();
    const at = ids.indexOf(link.dataset.choose);
    const to = at + step;
    if (to < 0 || to >= ids.length) return;
    if (!event.altKey) {
      items()[to].querySelector("a").focus();
      return;
    }
    ids.splice(to, 0, ids.splice(at, 1)[0]);
    await reorder(ids);
    rail.querySelector(`[data-choose="${link.dataset.choose}"]`).focus();
    tell(link.dataset.choose);
  });

  function tell(id) {
    document.getElementById("told").textContent = `This is scene ${order().indexOf(id) + 1} of ${order().length} now.`;
  }

  function reorder(ids) {
    return arrange(desk.dataset.order, orderFields(ids), { focus: false });
  }

  // -- by drag

  rail.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-item]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.item);
    requestAnimationFrame(() => dragged?.setAttribute("data-dragged", ""));
  });

  rail.addEventListener("dragover", (event) => {
    const item = event.target.closest("[data-item]");
    if (!dragged || !item) return;
    event.preventDefault();
    const box = item.getBoundingClientRect();
    const sideways = getComputedStyle(item.parentElement).flexDirection === "row";
    const after = sideways ? event.clientX > box.left + box.width / 2 : event.clientY > box.top + box.height / 2;
    for (const other of items()) delete other.dataset.drop;
    if (item !== dragged) item.dataset.drop = after ? "after" : "before";
  });

  rail.addEventListener("drop", (event) => {
    const target = items().find((item) => item.dataset.drop);
    if (!dragged || !target) return;
    event.preventDefault();
    const ids = order().filter((id) => id !== dragged.dataset.item);
    ids.splice(ids.indexOf(target.dataset.item) + (target.dataset.drop === "after" ? 1 : 0), 0, dragged.dataset.item);
    reorder(ids);
  });

  rail.addEventListener("dragend", () => {
    for (const item of items()) {
      delete item.dataset.drop;
      delete item.dataset.dragged;
    }
    dragged = null;
  });

  return {
    order,
    title(id, text) {
      const place = rail.querySelector(`[data-item="${id}"] [data-item-title]`);
      if (place) place.textContent = text || "Empty scene";
    },
    choose(id) {
      for (const link of rail.querySelectorAll("[data-choose]")) {
        if (link.dataset.choose === id) {
          link.setAttribute("aria-current", "true");
          link.scrollIntoView({ block: "nearest", inline: "nearest" });
        } else link.removeAttribute("aria-current");
      }
    },
    frame(id, url) {
      const picture = rail.querySelector(`[data-item="${id}"] img`);
      if (picture && picture.getAttribute("src") !== url) picture.src = url;
    },
    replace(html) {
      rail.innerHTML = html;
      return order();
    },
    async moved(url, direction) {
      const answer = await arrange(url, { move: direction }, { focus: false });
      if (!answer) return;
      const button = rail.querySelector(`button[formaction="${url}"][value="${direction}"]`);
      if (button && !button.disabled) button.focus();
      else rail.querySelector(`[data-choose="${answer.chosen}"]`)?.focus();
      tell(answer.chosen);
    },
  };
}
