"use strict";
// Players: one clip at a time; columns of a row share a position.
(() => {
  const ICONS = '<svg class="play" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1l11 7-11 7z"/></svg>'
    + '<svg class="pause" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 1h4v14H3zM9 1h4v14H9z"/></svg>';
  const rows = [];
  let current = null;

  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  };

  function show(row) {
    for (const card of row.cards) {
      const playing = !card.audio.paused;
      const name = `${row.name}, ${card.name}`;
      card.figure.classList.toggle("playing", playing);
      card.button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${name}`);
      const at = Math.min(row.position, card.seconds);
      card.time.textContent = `${at.toFixed(1)} / ${card.seconds.toFixed(1)} s`;
      for (const line of card.cursors) {
        line.style.left = `${100 * row.position / row.seconds}%`;
        line.hidden = row.position === 0 && !playing;
      }
    }
  }

  function follow() {
    if (!current || current.audio.paused) return;
    if (current.settled) current.row.position = current.audio.currentTime;
    show(current.row);
    requestAnimationFrame(follow);
  }

  function place(card, seconds) {
    card.row.position = Math.max(0, Math.min(seconds, card.seconds - 0.02));
    card.audio.currentTime = card.row.position;
    show(card.row);
  }

  function pauseAll() {
    for (const row of rows) for (const card of row.cards) if (!card.audio.paused) card.audio.pause();
  }

  const settle = (card) => {
    if (card && card.settled && !card.audio.ended) card.row.position = card.audio.currentTime;
  };

  function play(card, seconds) {
    if (current && !current.audio.paused) settle(current);
    const at = seconds ?? (card.row.position >= card.seconds - 0.03 ? 0 : card.row.position);
    current = card;
    pauseAll();
    // before anything is loaded, this sets the start position
    place(card, at);
    card.settled = card.audio.readyState > 0;
    card.audio.play().then(follow, () => show(card.row));
  }

  const toggle = (card) => (card.audio.paused ? play(card) : card.audio.pause());

  function build(figure, row, number) {
    const audio = figure.querySelector("audio");
    const card = { figure, row, audio, settled: false, name: figure.dataset.name };
    card.seconds = Number(audio.dataset.seconds);
    card.button = element("button", { type: "button" });
    card.button.innerHTML = ICONS;
    card.time = element("span", { class: "time" });
    const bar = element("div", { class: "player" }, card.button, card.time);
    if (number < 9) bar.append(element("kbd", { title: "key that switches to it" }, String(number + 1)));
    audio.before(bar);
    audio.controls = false;
    audio.hidden = true;
    card.cursors = [...figure.querySelectorAll(".picture")].map((picture) => {
      const line = element("i", {});
      picture.append(line);
      picture.addEventListener("click", (event) => {
        const box = picture.getBoundingClientRect();
        const busy = row.cards.some((one) => !one.audio.paused);
        const at = (event.clientX - box.left) / box.width * row.seconds;
        if (busy) {
          play(card, at);
        } else {
          current = card;
          place(card, at);
        }
      });
      return line;
    });
    card.button.addEventListener("click", () => toggle(card));
    audio.addEventListener("loadedmetadata", () => {
      if (Math.abs(audio.currentTime - row.position) > 0.03) audio.currentTime = row.position;
      card.settled = true;
    });
    audio.addEventListener("playing", () => { card.settled = true; follow(); });
    audio.addEventListener("pause", () => {
      // this event arrives late: another column may play by then
      if (card === current) settle(card);
      show(row);
    });
    audio.addEventListener("ended", () => { row.position = 0; show(row); });
    return card;
  }

  for (const section of document.querySelectorAll(".clip")) {
    const row = { name: section.dataset.name, seconds: Number(section.dataset.seconds), position: 0 };
    const figures = [...section.querySelectorAll(".card")].filter((one) => one.querySelector("audio"));
    row.cards = figures.map((figure, number) => build(figure, row, number));
    section.row = row;
    rows.push(row);
    show(row);
  }

  const loop = document.getElementById("loop");
  const turn = () => {
    const on = loop.getAttribute("aria-pressed") !== "true";
    loop.setAttribute("aria-pressed", String(on));
    for (const row of rows) for (const card of row.cards) card.audio.loop = on;
  };
  loop?.addEventListener("click", turn);

  function chosen(target) {
    const row = target.closest?.(".clip")?.row;
    const card = row?.cards.find((one) => one.figure.contains(target));
    if (card) return card;
    if (row) return current?.row === row ? current : row.cards[0];
    return current ?? rows[0]?.cards[0];
  }

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || !rows.length) return;
    if (target.closest?.("summary, a, .plot, .scroll, pre, #loop")) return;
    const card = chosen(target);
    if (event.key === " ") {
      // the space bar already presses a focused button
      if (target.closest?.("button")) return;
      toggle(card);
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (!current && !target.closest?.(".clip")) return;
      const playing = card.row.cards.find((one) => !one.audio.paused) ?? card;
      const step = Math.min(1, playing.seconds / 10);
      place(playing, playing.row.position + (event.key === "ArrowLeft" ? -step : step));
    } else if (/^[1-9]$/.test(event.key)) {
      const other = card.row.cards[Number(event.key) - 1];
      if (!other) return;
      play(other);
      other.button.focus({ preventScroll: true });
    } else if (event.key.toLowerCase() === "l") {
      turn();
    } else {
      return;
    }
    event.preventDefault();
  });
})();

// Charts: read values with pointer, touch and arrow keys.
(() => {
  const names = JSON.parse(document.querySelector("[data-names]")?.dataset.names ?? "[]");

  const part = (cursor, name, attributes) => {
    const made = document.createElementNS(cursor.namespaceURI, name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };

  function parse(text) {
    return text.split(";").filter(Boolean).map((line) => {
      const [run, steps, x, y, values] = line.split("|").map((cell) => cell.split(","));
      return { run: Number(run[0]), steps: steps.map(Number), x: x.map(Number), y, values };
    }).filter((line) => line.steps.length && line.values[0] !== "");
  }

  function nearest(x, at) {
    let low = 0;
    let high = x.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (x[middle] < at) low = middle; else high = middle;
    }
    return at - x[low] <= x[high] - at ? low : high;
  }

  for (const plot of document.querySelectorAll(".plot")) {
    const figure = plot.closest("figure");
    const output = figure.querySelector("output");
    const still = output.textContent;
    const cursor = plot.querySelector(".cursor");
    let lines = null;
    let place = -1;

    function read(at) {
      const found = lines.map((line) => [line, nearest(line.x, at)]);
      const [line, index] = found.reduce((a, b) =>
        (Math.abs(b[0].x[b[1]] - at) < Math.abs(a[0].x[a[1]] - at) ? b : a));
      const values = found.map(([one, n]) =>
        (found.length > 1 ? `${names[one.run]} ${one.values[n]}` : one.values[n]));
      output.textContent = `step ${line.steps[index].toLocaleString("en-US")}: ${values.join(" · ")}`;
      const box = plot.querySelector("svg").viewBox.baseVal;
      cursor.replaceChildren(part(cursor, "path", { d: `M${line.x[index]} 12V${box.height - 30}` }));
      for (const [one, n] of found) {
        if (one.y[n] !== "") {
          const spot = { cx: one.x[n], cy: one.y[n], r: 3.4, class: `of${one.run % 6}` };
          cursor.append(part(cursor, "circle", spot));
        }
      }
      figure.classList.add("live");
    }

    function ready() {
      lines ??= parse(plot.dataset.x);
      return lines.length > 0;
    }

    function point(event) {
      if (!ready()) return;
      const svg = plot.querySelector("svg");
      const box = svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      place = nearest(lines[0].x, at);
      read(at);
    }

    function leave() {
      output.textContent = still;
      cursor.replaceChildren();
      figure.classList.remove("live");
    }

    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") leave(); });
    plot.addEventListener("blur", () => { place = -1; leave(); });
    plot.addEventListener("keydown", (event) => {
      if (!ready()) return;
      const last = lines[0].x.length - 1;
      const by = event.shiftKey ? 10 : 1;
      const next = {
        ArrowRight: Math.min(last, place + by), ArrowLeft: place < 0 ? last : Math.max(0, place - by),
        Home: 0, End: last,
      }[event.key];
      if (event.key === "Escape") leave();
      if (next === undefined) return;
      place = next;
      read(lines[0].x[place]);
      event.preventDefault();
    });
  }
})();
