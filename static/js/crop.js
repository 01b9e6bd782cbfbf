// The rectangle over a picture and the four numbers under it are one: each follows the other.

const NAMES = ["left", "top", "width", "height"];

function partsOf(form) {
  const stage = form.querySelector("[data-crop-stage]");
  return {
    stage,
    rectangle: form.querySelector("[data-crop-box]"),
    inputs: NAMES.map((name) => form.elements[name]),
    size: [Number(stage.dataset.width), Number(stage.dataset.height)],
    least: Number(form.dataset.least),
  };
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function read(form) {
  return partsOf(form).inputs.map((input) => Number(input.value) || 0);
}

// Puts the rectangle where the numbers say, after making them possible.
function put(form, [left, top, width, height], write = true) {
  const { rectangle, inputs, size, least } = partsOf(form);
  const w = clamp(Math.round(width), least, size[0]);
  const h = clamp(Math.round(height), least, size[1]);
  const box = [clamp(Math.round(left), 0, size[0] - w), clamp(Math.round(top), 0, size[1] - h), w, h];
  if (write) inputs.forEach((input, n) => (input.value = box[n]));
  const per = (value, whole) => `${(100 * value) / whole}%`;
  Object.assign(rectangle.style, {
    left: per(box[0], size[0]),
    top: per(box[1], size[1]),
    width: per(box[2], size[0]),
    height: per(box[3], size[1]),
    right: "auto",
    bottom: "auto",
  });
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-crop-form]");
  if (form) put(form, read(form), false);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-crop-form]");
  if (form) put(form, read(form));
});

document.addEventListener("keydown", (event) => {
  const rectangle = event.target.closest("[data-crop-box]");
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!rectangle || !step) return;
  event.preventDefault();
  event.stopPropagation();
  const form = rectangle.closest("form");
  const { size } = partsOf(form);
  const unit = Math.max(1, Math.round((event.shiftKey ? 0.1 : 0.01) * Math.max(...size)));
  const box = read(form);
  const first = event.altKey ? 2 : 0;
  box[first] += step[0] * unit;
  box[first + 1] += step[1] * unit;
  put(form, box);
});

document.addEventListener("pointerdown", (event) => {
  const rectangle = event.target.closest("[data-crop-box]");
  if (!rectangle) return;
  event.preventDefault();
  rectangle.focus();
  rectangle.setPointerCapture(event.pointerId);
  const form = rectangle.closest("form");
  const { stage, size } = partsOf(form);
  const began = read(form);
  const first = "corner" in event.target.dataset ? 2 : 0;
  const scale = size[0] / stage.getBoundingClientRect().width;
  const move = (moved) => {
    const box = [...began];
    box[first] += (moved.clientX - event.clientX) * scale;
    box[first + 1] += (moved.clientY - event.clientY) * scale;
    put(form, box);
  };
  const end = () => {
    rectangle.removeEventListener("pointermove", move);
    rectangle.removeEventListener("pointerup", end);
    rectangle.removeEventListener("pointercancel", end);
  };
  rectangle.addEventListener("pointermove", move);
  rectangle.addEventListener("pointerup", end);
  rectangle.addEventListener("pointercancel", end);
});
