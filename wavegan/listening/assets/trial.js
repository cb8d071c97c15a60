"use strict";

/* One trial: its sounds and their ratings. */

class Trial {
  constructor(page, trial, takes, practice) {
    Object.assign(this, { page, trial, takes, practice });
    const scratch = { ratings: {}, heard: {}, choice: null, comment: "", seconds: 0, switches: 0 };
    this.answer = practice ? scratch : session.answer(trial);
    this.earlier = { heard: { ...this.answer.heard }, seconds: this.answer.seconds };
    this.opened = performance.now();
    this.transport = new Transport(player);
    this.ratings = [];
    this.buttons = takes.labels.map((label, index) => this.takeButton(label, index));
    this.element = h("div", { class: `trial ${test.test}` },
      h("h1", {}, practice ? "Practice" : `${abx ? "Trial" : "Clip"} ${page + 1}`),
      h("p", {}, this.task()),
      practice ? this.volume() : null,
      this.transport.element,
      abx ? this.question() : this.sliders(),
      practice ? null : commentBox("Comment (optional)", this.answer.comment, (value) => {
        this.answer.comment = value;
        keep();
      }),
      h("div", { class: "actions" },
        button("Back", () => go(page - 1)),
        button(practice ? "Begin the test" : "Next", () => this.next(), { class: "primary" })),
      this.help());
    this.tick();
  }

  task() {
    if (this.practice) {
      return "Set a comfortable volume now and leave it there for the whole test. Then try everything out: answers on this page do not count.";
    }
    if (abx) return "Is X the same as A or the same as B?";
    return test.reference
      ? "How close is each sound to the reference? One is the reference itself."
      : "How good does each version sound?";
  }

  takeButton(label, index) {
    const name = label === "Reference" ? label : h("b", {}, label);
    return button(name, () => this.pick(index), {
      class: "sound", "aria-pressed": "false", "aria-label": `Hear ${label}`,
    });
  }

  sliders() {
    const known = this.takes.labels.length - this.takes.compared.length;
    const rows = this.takes.compared.map((file, index) => {
      const label = this.takes.labels[index + known];
      const rating = new Rating(label, this.answer.ratings[file], (value) => {
        this.answer.ratings[file] = value;
        if (!this.practice) keep();
      });
      this.ratings[index + known] = rating;
      return h("li", {}, this.buttons[index + known], rating.element);
    });
    return h("div", { class: "rate" },
      known ? h("div", { class: "known" }, this.buttons[0]) : null,
      scale(), h("ol", { class: "rows" }, rows));
  }

  question() {
    this.choices = ["A", "B"].map((label, index) => h("input", {
      type: "radio", name: "choice", value: index, id: `is${label}`,
      checked: this.answer.choice === index,
      onchange: () => this.decide(index),
    }));
    return h("div", { class: "ask" },
      h("div", { class: "three" }, this.buttons),
      h("fieldset", {}, h("legend", {}, "X is"),
        this.choices.map((choice, index) => h("label", { class: "choice" }, choice, "AB"[index]))));
  }

  decide(index) {
    this.answer.choice = index;
    this.choices[index].checked = true;
    if (!this.practice) keep();
  }

  volume() {
    const slider = h("input", {
      type: "range", min: 0, max: 1, step: 0.01, id: "volume",
      oninput: () => {
        session.state.volume = Number(slider.value);
        player.volume(session.state.volume);
        keep();
      },
    });
    slider.value = session.state.volume;
    return h("div", { class: "field volume" }, h("label", { for: "volume" }, "Volume"), slider);
  }

  help() {
    const letters = abx ? "A, B, X" : `${test.reference ? "R (or 0) for the reference, " : ""}A, B, … or 1, 2, …`;
    const answer = abx ? "← X is A, → X is B" : "← → on a slider change it by 1, Page Up and Page Down by 10";
    return h("details", { class: "keys" }, h("summary", {}, "Keys"),
      h("ul", {}, [`${letters}: switch`, "Space: play or pause", answer,
        "[ and ]: repeat from or to here; \\: the whole clip", "Enter: next"].map((text) => h("li", {}, text))));
  }

  /** Switch to a sound without starting it. */
  hear(index) {
    if (player.current !== index) this.answer.switches += 1;
    player.select(index);
    this.buttons.forEach((one, place) => one.setAttribute("aria-pressed", String(place === index)));
    this.element.querySelectorAll(".rows > li").forEach((row) => {
      row.classList.toggle("current", row.contains(this.buttons[index]));
    });
  }

  /** Switch to a sound and play it. This focuses its slider; the reference has none, and the
      focus stays on the last one. */
  async pick(index) {
    say("");
    this.hear(index);
    this.ratings[index]?.input.focus();
    await player.play();
    this.transport.show();
  }

  tick() {
    this.takes.labels.forEach((label, index) => {
      this.answer.heard[label] = (this.earlier.heard[label] ?? 0) + (player.heard[index] ?? 0);
      const enough = this.answer.heard[label] >= session.enough(this.trial);
      this.buttons[index].classList.toggle("heard", enough);
    });
    this.answer.seconds = this.earlier.seconds + (performance.now() - this.opened) / 1000;
    this.transport.show();
  }

  next() {
    this.tick();
    const lacks = this.practice ? [] : session.missing(this.trial);
    if (lacks.length) say(`Before you continue: ${lacks.join("; ")}.`);
    else go(this.page + 1);
  }

  close() {
    this.tick();
    if (!this.practice) keep();
  }

  key(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("textarea, input[type=text]")) return;
    const act = this.action(key, target);
    if (!act) return;
    event.preventDefault();
    act();
  }

  action(key, target) {
    const upper = key.toUpperCase();
    const labels = this.takes.labels.map((label) => (label === "Reference" ? "R" : label));
    const numbers = labels[0] === "R" ? labels.map((_, i) => String(i)) : labels.map((_, i) => String(i + 1));
    const index = [labels.indexOf(upper), numbers.indexOf(key)].find((place) => place >= 0);
    if (index !== undefined) return () => this.pick(index);
    if (key === "[") return () => this.transport.from();
    if (key === "]") return () => this.transport.to();
    if (key === "\\") return () => this.transport.whole();
    if (abx && (key === "ArrowLeft" || key === "ArrowRight") && !target.matches("input[type=range]")) {
      return () => this.decide(key === "ArrowLeft" ? 0 : 1);
    }
    const sound = this.buttons.indexOf(target);
    if (sound >= 0 && sound !== player.current && (key === " " || key === "Enter")) {
      return () => this.pick(sound);
    }
    const own = target.matches("button:not(.sound, .play), summary");
    if (key === " " && !own) return () => this.transport.flip();
    if (key === "Enter" && !own && !target.matches(".play")) return () => this.next();
    return null;
  }
}
