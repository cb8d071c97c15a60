"use strict";

/* All takes of a trial play together and one of them is audible, so switching neither jumps nor
   waits. A switch is a linear cross-fade: the takes are similar, so their sum keeps its level. */

const CROSSFADE = 0.008;

class Player {
  constructor() {
    this.context = null;
    this.takes = [];
    this.heard = [];
    this.current = 0;
    this.running = null;
    this.place = 0;
    this.region = [0, 0];
    this.duration = 0;
    this.onTick = () => {};
    setInterval(() => this.tick(), 50);
  }

  /** Browsers start sound only after a gesture: call this from one. */
  async open() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.output = this.context.createGain();
      this.output.connect(this.context.destination);
    }
    if (this.context.state !== "running") await this.context.resume();
  }

  volume(value) {
    this.output?.gain.setTargetAtTime(value, this.context.currentTime, 0.01);
  }

  decode(bytes) {
    return this.context.decodeAudioData(bytes);
  }

  /** Load the buffers of a trial, stopped at its start. */
  load(buffers) {
    this.stop();
    this.takes = buffers;
    this.heard = buffers.map(() => 0);
    this.duration = Math.min(...buffers.map((buffer) => buffer.duration));
    this.region = [0, this.duration];
    this.place = 0;
    this.current = 0;
  }

  get playing() {
    return this.running !== null;
  }

  get position() {
    if (!this.running) return this.place;
    const [from, to] = this.region;
    const reached = this.place + Math.max(0, this.context.currentTime - this.running.since);
    return reached < to ? reached : from + ((reached - to) % (to - from));
  }

  get partial() {
    return this.region[0] > 0 || this.region[1] < this.duration;
  }

  async play() {
    await this.open();
    if (this.running || !this.takes.length) return;
    const [from, to] = this.region;
    if (this.place < from || this.place >= to) this.place = from;
    const now = this.context.currentTime + 0.02;
    const bus = this.context.createGain();
    const seam = this.context.createGain();
    bus.connect(seam).connect(this.output);
    if (this.place > 0) {
      bus.gain.setValueAtTime(0, now);
      bus.gain.linearRampToValueAtTime(1, now + CROSSFADE);
    }
    const lanes = this.takes.map((buffer, index) => {
      const source = new AudioBufferSourceNode(this.context, {
        buffer, loop: true, loopStart: from, loopEnd: to,
      });
      const gain = this.context.createGain();
      gain.gain.value = index === this.current ? 1 : 0;
      source.connect(gain).connect(bus);
      source.start(now, this.place);
      return { source, gain };
    });
    this.running = { lanes, bus, seam, since: now, seamAt: now + to - this.place };
    this.last = now;
  }

  /** Stop and keep the position. */
  stop() {
    if (!this.running) return;
    this.account();
    const place = this.position;
    const { lanes, bus } = this.running;
    const now = this.context.currentTime;
    bus.gain.cancelScheduledValues(now);
    bus.gain.setValueAtTime(1, now);
    bus.gain.linearRampToValueAtTime(0, now + CROSSFADE);
    for (const { source } of lanes) source.stop(now + CROSSFADE + 0.01);
    setTimeout(() => bus.disconnect(), 100);
    this.running = null;
    this.place = place;
  }

  select(index) {
    if (this.running && index !== this.current) {
      this.account();
      const now = this.context.currentTime;
      this.running.lanes.forEach(({ gain }, lane) => {
        gain.gain.cancelScheduledValues(now);
        gain.gain.setValueAtTime(gain.gain.value, now);
        gain.gain.linearRampToValueAtTime(lane === index ? 1 : 0, now + CROSSFADE);
      });
    }
    this.current = index;
  }

  async seek(seconds) {
    const playing = this.playing;
    this.stop();
    const [from, to] = this.region;
    this.place = Math.min(Math.max(seconds, from), Math.max(from, to - 0.05));
    if (playing) await this.play();
  }

  /** Repeat from one second to another; at least a fifth of a second. */
  async loop(from, to) {
    const start = Math.max(0, Math.min(from, this.duration - 0.2));
    const end = Math.min(this.duration, Math.max(to, start + 0.2));
    const playing = this.playing;
    const place = this.position;
    this.stop();
    this.region = [start, end];
    this.place = place >= start && place < end ? place : start;
    if (playing) await this.play();
  }

  /** Count the time that the current take was played. */
  account() {
    const now = this.context.currentTime;
    this.heard[this.current] += Math.max(0, now - Math.max(this.last, this.running.since));
    this.last = now;
  }

  tick() {
    if (!this.running) return;
    this.account();
    this.dip();
    this.onTick();
  }

  /** Fade out and in where a region repeats, because it may begin and end anywhere. */
  dip() {
    const { seam } = this.running;
    const [from, to] = this.region;
    while (this.partial && this.running.seamAt < this.context.currentTime + 1.5) {
      const at = this.running.seamAt;
      if (at - CROSSFADE > this.context.currentTime) {
        seam.gain.setValueAtTime(1, at - CROSSFADE);
        seam.gain.linearRampToValueAtTime(0, at);
        seam.gain.linearRampToValueAtTime(1, at + CROSSFADE);
      }
      this.running.seamAt += to - from;
    }
  }
}
