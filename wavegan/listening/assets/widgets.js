"use strict";

/* Elements of pages. */

const BANDS = ["Bad", "Poor", "Fair", "Good", "Excellent"];

/** An element: attributes, then children; `on…` are listeners. */
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

function button(text, act, attributes = {}) {
  return h("button", { type: "button", onclick: act, ...attributes }, text);
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

/** A field for a comment. */
function commentBox(label, value, keep) {
  const box = h("textarea", { rows: 2, id: "comment", maxlength: 2000, oninput: () => keep(box.value) });
  box.value = value;
  return h("div", { class: "field" }, h("label", { for: "comment" }, label), box);
}

/** Play, pause, position, and the part that is repeated. */
class Transport {
  constructor(player) {
    this.player = player;
    this.toggle = button("Play", () => this.flip(), { class: "play", "aria-keyshortcuts": "Space" });
    this.fill = h("div", { class: "fill" });
    this.part = h("div", { class: "part" });
    this.head = h("div", { class: "head" });
    this.bar = h("div", {
      class: "timeline", role: "slider", tabindex: 0, "aria-label": "Position",
      "aria-valuemin": 0, onpointerdown: (event) => this.drag(event),
      onkeydown: (event) => this.nudge(event),
    }, this.part, this.fill, this.head);
    this.time = h("span", { class: "time" });
    this.element = h("section", { class: "transport", "aria-label": "Player" },
      h("div", { class: "line" }, this.toggle, this.bar, this.time),
      h("div", { class: "line tools" },
        button("Repeat from here", () => this.from(), { class: "quiet", "aria-keyshortcuts": "[" }),
        button("to here", () => this.to(), { class: "quiet", "aria-keyshortcuts": "]" }),
        button("whole clip", () => this.whole(), { class: "quiet", "aria-keyshortcuts": "\\" })));
    this.show();
  }

  async flip() {
    if (this.player.playing) this.player.stop();
    else await this.player.play();
    this.show();
  }

  from() {
    const place = this.player.position;
    return this.repeat(place, Math.max(this.player.region[1], place + 0.2));
  }

  to() {
    const place = this.player.position;
    return this.repeat(Math.min(this.player.region[0], place - 0.2), place);
  }

  whole() {
    return this.repeat(0, this.player.duration);
  }

  async repeat(from, to) {
    await this.player.loop(from, to);
    this.show();
  }

  /** A click sets the position; a drag marks the part to repeat. */
  drag(event) {
    const box = this.bar.getBoundingClientRect();
    const at = (x) => Math.min(Math.max((x - box.left) / box.width, 0), 1) * this.player.duration;
    const begin = event.clientX;
    this.bar.setPointerCapture(event.pointerId);
    const end = async (last) => {
      this.bar.removeEventListener("pointerup", end);
      const [from, to] = [at(begin), at(last.clientX)].sort((a, b) => a - b);
      if (Math.abs(last.clientX - begin) > 8) await this.repeat(from, to);
      else {
        const [start, stop] = this.player.region;
        if (from < start || from >= stop) await this.player.loop(0, this.player.duration);
        await this.player.seek(from);
      }
      this.show();
    };
    this.bar.addEventListener("pointerup", end);
  }

  async nudge(event) {
    const step = { ArrowLeft: -0.5, ArrowDown: -0.5, ArrowRight: 0.5, ArrowUp: 0.5, Home: -1e9 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    await this.player.seek(this.player.position + step);
    this.show();
  }

  show() {
    const { position, duration, region, playing, partial } = this.player;
    const share = (seconds) => `${(100 * seconds) / (duration || 1)}%`;
    this.toggle.textContent = playing ? "Pause" : "Play";
    this.fill.style.width = this.head.style.left = share(position);
    this.part.hidden = !partial;
    this.part.style.left = share(region[0]);
    this.part.style.width = share(region[1] - region[0]);
    this.time.textContent = `${clock(position)} / ${clock(duration)}`;
    this.bar.setAttribute("aria-valuemax", duration.toFixed(1));
    this.bar.setAttribute("aria-valuenow", position.toFixed(1));
    this.bar.setAttribute("aria-valuetext", `${position.toFixed(1)} seconds`);
  }
}

/** The slider of one sound, 0 to 100; it has no value before it is touched. */
class Rating {
  constructor(label, value, keep) {
    this.keep = keep;
    this.label = label;
    this.output = h("span", { class: "value", "aria-hidden": "true" });
    this.input = h("input", {
      type: "range", min: 0, max: 100, step: 1, "aria-label": `Rating of ${label}`,
      oninput: () => this.set(Number(this.input.value)),
      onpointerup: () => this.set(Number(this.input.value)),
    });
    this.input.value = value ?? 50;
    this.element = h("div", { class: "slider" }, this.input, this.output);
    this.show(value);
  }

  set(value) {
    this.show(value);
    this.keep(value);
  }

  show(value) {
    const rated = value !== undefined && value !== null;
    const band = rated ? BANDS[Math.min(4, Math.floor(value / 20))] : "";
    this.element.classList.toggle("unrated", !rated);
    this.input.style.setProperty("--at", `${rated ? value : 50}%`);
    this.output.textContent = rated ? String(value) : "–";
    this.input.setAttribute("aria-valuetext", rated ? `${value}, ${band}` : "not rated yet");
  }
}

function scale() {
  return h("div", { class: "scale", "aria-hidden": "true" }, BANDS.map((band) => h("span", {}, band)));
}
