// The bar.

function drawBar() {
  const canvas = $("marks");
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const mark = (kind, name, top, bottom) => {
    pen.fillStyle = colour(name);
    for (const [index, step] of steps.entries()) {
      if (is(kind)(step)) pen.fillRect(placeOf(index) * width - 1, top, 2, bottom - top);
    }
  };
  pen.scale(ratio, ratio);
  pen.fillStyle = colour("--line");
  pen.fillRect(0, height / 2 - 1.5, width, 3);
  mark("prompt", "--accent", 3, height - 3);
  mark("edit", "--good", height / 2 - 5, height / 2 + 5);
  mark("bad", "--bad", height / 2 - 5, height / 2 + 5);
}

const placeOf = (index) => (index + 0.5) / steps.length;

function showPlace() {
  const [step, last] = [steps[at], steps[steps.length - 1]];
  $("head").style.left = `${placeOf(at) * 100}%`;
  const bar = $("bar");
  bar.setAttribute("aria-valuenow", numberOf(step));
  bar.setAttribute("aria-valuemin", first);
  bar.setAttribute("aria-valuemax", numberOf(last));
  bar.setAttribute("aria-valuetext", `Step ${numberOf(step)} of ${numberOf(last)}`);
  $("number").value = numberOf(step);
  $("count").textContent = numberOf(last);
  const [start, now] = [timeOf(steps[0]), timeOf(step)];
  $("elapsed").textContent = start === null || now === null ? "" : clock(now - start);
  const prompt = [...turnOf(step).children].find(is("prompt"));
  for (const link of document.querySelectorAll(".turns a")) {
    const isHere = prompt !== undefined && link.hash === `#${prompt.id}`;
    link.classList.toggle("here", isHere);
  }
}

function clock(milliseconds) {
  const seconds = Math.max(Math.round(milliseconds / 1000), 0);
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

function indexAt(event) {
  const box = $("bar").getBoundingClientRect();
  return clamp(Math.floor(((event.clientX - box.left) / box.width) * steps.length), 0, steps.length - 1);
}

function scrub(event) {
  const index = indexAt(event);
  if (isShown(steps[index])) go(index);
}

/** Says what is under the pointer, before it is gone to. */
function hint(event) {
  const step = steps[indexAt(event)];
  const line = step.querySelector(".what").innerText.trim().split("\n", 3).join(" ");
  $("bar").title = `${numberOf(step)} · ${line.slice(0, 120)}`;
}
