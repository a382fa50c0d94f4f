// Sounds of the desk, made of plain tones: no files, nothing to load. What sounds is told apart by pitch and rhythm.

const ATTACK_S = 0.012;
const GAP_S = 0.05;

/** Tones of [hertz, seconds]: the worse it is, the higher and the more of them. */
const MELODIES = {
  incident: {
    critical: [[988, 0.12], [740, 0.12], [988, 0.12], [740, 0.12], [988, 0.2]],
    high: [[784, 0.14], [659, 0.14], [784, 0.18]],
    other: [[587, 0.18]],
  },
  waiting: {
    critical: [[1175, 0.09], [1175, 0.09], [1175, 0.09], [880, 0.22]],
    high: [[880, 0.09], [880, 0.09], [659, 0.2]],
    other: [[523, 0.1], [440, 0.2]],
  },
  lost: { connection: [[440, 0.18], [330, 0.18], [247, 0.32]] },
};

export class Sounds {
  /** @param {() => void} onReady called when the browser lets sounds be heard */
  constructor(onReady) {
    this.context = null;
    this.onReady = onReady;
    // A browser lets a page be heard only after somebody has touched it.
    for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, () => this.unlock(), { capture: true });
  }

  get isReady() {
    return this.context?.state === "running";
  }

  async unlock() {
    if (this.isReady || !window.AudioContext) return;
    this.context ??= new AudioContext();
    // Without a sound card a browser never answers: nobody waits for it.
    await this.context.resume().catch(() => {});
    if (this.isReady) this.onReady();
  }

  /** Let it be heard. @param {number} volume 0 to 1. Whether it could be. */
  play(what, severity, volume) {
    if (!this.isReady || volume <= 0) return false;
    let at = this.context.currentTime + GAP_S;
    for (const [hertz, seconds] of MELODIES[what][severity]) {
      const tone = new OscillatorNode(this.context, { type: "triangle", frequency: hertz });
      const loud = new GainNode(this.context, { gain: 0 });
      // What we hear as half as loud is a quarter of the amplitude.
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(volume ** 2, at + ATTACK_S);
      loud.gain.setValueAtTime(volume ** 2, at + seconds - ATTACK_S);
      loud.gain.linearRampToValueAtTime(0, at + seconds);
      tone.connect(loud).connect(this.context.destination);
      tone.start(at);
      tone.stop(at + seconds);
      at += seconds + GAP_S;
    }
    return true;
  }
}
