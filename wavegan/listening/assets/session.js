"use strict";

/* The answers of one listener: stored in the browser at every change, and exported as results. */

function random(seed) {
  /* mulberry32, by Tommy Ettinger (public domain) */
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(items, draw) {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function number() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

class Session {
  constructor(test) {
    this.test = test;
    this.slot = `listening-${test.id}`;
    this.kept = true;
    this.state = this.read() ?? this.fresh();
  }

  fresh() {
    const seed = number();
    return {
      seed,
      session: number().toString(16).padStart(8, "0") + number().toString(16).padStart(8, "0"),
      listener: "",
      started: null,
      page: -2,
      volume: 1,
      answers: {},
      comment: "",
      saved: null,
    };
  }

  read() {
    try {
      const state = JSON.parse(localStorage.getItem(this.slot));
      return state && Number.isInteger(state.seed) && state.answers ? state : null;
    } catch {
      return null;
    }
  }

  keep() {
    try {
      localStorage.setItem(this.slot, JSON.stringify(this.state));
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }

  restart() {
    this.state = this.fresh();
    this.keep();
  }

  get count() {
    return this.test.trials.length;
  }

  /** Trials in this listener's order. */
  get order() {
    return shuffled([...Array(this.count).keys()], random(this.state.seed));
  }

  /** The sounds of a trial in this listener's order: those that are compared, and those played.
      Practice has another order than the trial that it uses. */
  takes(trial, practice = false) {
    const place = practice ? this.count : trial;
    const draw = random(this.state.seed ^ Math.imul(place + 1, 0x9e3779b1));
    const { files, reference } = this.test.trials[trial];
    const compared = shuffled(files, draw);
    if (this.test.test === "abx") {
      const x = draw() < 0.5 ? 0 : 1;
      return { compared, played: [...compared, compared[x]], labels: ["A", "B", "X"], x };
    }
    const labels = compared.map((_, index) => String.fromCharCode(65 + index));
    return reference
      ? { compared, played: [reference, ...compared], labels: ["Reference", ...labels] }
      : { compared, played: compared, labels };
  }

  /** The answers to a trial so far. */
  answer(trial) {
    const fresh = { ratings: {}, heard: {}, choice: null, comment: "", seconds: 0, switches: 0 };
    this.state.answers[trial] ??= fresh;
    return this.state.answers[trial];
  }

  done(trial) {
    return this.missing(trial).length === 0;
  }

  /** What is missing in a trial, as text. */
  missing(trial) {
    const { compared, labels } = this.takes(trial);
    const answer = this.answer(trial);
    if (answer.skipped) return [];
    const long = this.enough(trial);
    const unheard = labels.filter((label) => (answer.heard[label] ?? 0) < long);
    const names = labels.slice(-compared.length);
    const unrated = names.filter((_, index) => answer.ratings[compared[index]] === undefined);
    const lacks = [];
    if (unheard.length) lacks.push(`listen to ${unheard.join(", ")}`);
    if (this.test.test === "abx") {
      if (answer.choice === null) lacks.push("choose what X is");
    } else if (unrated.length) {
      lacks.push(`rate ${unrated.join(", ")}`);
    }
    return lacks;
  }

  /** Seconds that a sound must be played. */
  enough(trial) {
    return Math.min(0.5, this.test.trials[trial].seconds / 2);
  }

  key() {
    const pad = new TextEncoder().encode(this.test.id);
    const mixed = Uint8Array.from(atob(this.test.key), (letter) => letter.charCodeAt(0));
    const clear = mixed.map((byte, i) => byte ^ pad[i % pad.length] ^ ((i * 31) & 255));
    return JSON.parse(new TextDecoder().decode(clear));
  }

  /** All results, with the names of the systems. */
  results() {
    const key = this.key();
    const trials = [];
    this.order.forEach((trial, place) => {
      const answer = this.state.answers[trial];
      if (answer) trials.push(this.exported(trial, place, answer, key));
    });
    return {
      format: "wavegan listening results",
      version: 1,
      test: {
        id: this.test.id,
        kind: this.test.test,
        title: this.test.title,
        trials: this.count,
        conditions: key.conditions,
        clips: key.clips,
        settings: key.settings,
      },
      listener: {
        name: this.state.listener,
        session: this.state.session,
        seed: this.state.seed,
        user_agent: navigator.userAgent,
        language: navigator.language,
        screen: [screen.width, screen.height],
      },
      started: this.state.started,
      saved: new Date().toISOString(),
      complete: this.order.every((trial) => trial in this.state.answers && this.done(trial)),
      comment: this.state.comment,
      trials,
    };
  }

  exported(trial, place, answer, key) {
    const { compared, labels, x } = this.takes(trial);
    const condition = (file) => key.files[file].condition;
    const shared = {
      position: place + 1,
      trial,
      clip: key.files[compared[0]].clip,
      done: this.done(trial) && !answer.skipped,
      seconds: round(answer.seconds),
      switches: answer.switches,
      comment: answer.comment,
      heard: Object.fromEntries(
        labels.map((label) => [label, round(answer.heard[label] ?? 0)]),
      ),
    };
    if (answer.skipped) shared.skipped = answer.skipped;
    if (this.test.test === "abx") {
      const [a, b] = compared.map(condition);
      return { ...shared, a, b, x: x ? b : a, answer: [a, b][answer.choice] ?? null };
    }
    const names = labels.slice(-compared.length);
    return {
      ...shared,
      ratings: compared.map((file, index) => ({
        shown_as: names[index],
        condition: condition(file),
        rating: answer.ratings[file] ?? null,
      })),
    };
  }

  /** How many ABX trials were right, and how many were answered. */
  right() {
    const answered = this.order.filter(
      (trial) => Number.isInteger(this.state.answers[trial]?.choice),
    );
    const right = answered.filter((trial) => this.answer(trial).choice === this.takes(trial).x);
    return [right.length, answered.length];
  }

  fileName() {
    const plain = (text) => text.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    const day = new Date().toISOString().slice(0, 10);
    const names = [plain(this.test.title), plain(this.state.listener), day];
    return `results-${names.filter(Boolean).join("-")}.json`;
  }
}

function round(seconds) {
  return Math.round(seconds * 10) / 10;
}
