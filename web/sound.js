// A browser keeps a page silent until somebody clicks it or presses a key, and the sound of Bevy suspended with it: this
// resumes it. Import it before the game is loaded.

if (window.AudioContext) {
  window.AudioContext = class extends AudioContext {
    constructor(options) {
      super(options);
      const resume = () => this.state === "running" || this.resume();
      for (const gesture of ["pointerdown", "pointerup", "keydown"]) addEventListener(gesture, resume, true);
    }
  };
}
