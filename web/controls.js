// Touch controls: a stick for the left thumb and two buttons for the right thumb.

// Bits of the game's input, as in `arena::sim::ArenaInput`.
const UP = 1;
const DOWN = 2;
const LEFT = 4;
const RIGHT = 8;
const FIRE = 16;
const DASH = 32;

// How far the stick must be from its centre to count, as a fraction of its radius.
const DEAD_ZONE = 0.25;
// The tangent of 22.6 degrees, the boundary between two of eight directions.
const BOUNDARY = 5 / 12;

// Shows the controls on devices with a touch screen, and calls `hold` with the bits of the buttons that are held.
export function touchControls(hold) {
  const touch = document.getElementById("touch");
  const held = { stick: 0, fire: 0, dash: 0 };
  const changed = () => hold(held.stick | held.fire | held.dash);

  const stick = document.getElementById("stick");
  const knob = document.getElementById("knob");
  const steer = (event) => {
    const box = stick.getBoundingClientRect();
    const radius = box.width / 2;
    let x = (event.clientX - box.left - radius) / radius;
    let y = (event.clientY - box.top - radius) / radius;
    const length = Math.hypot(x, y);
    if (length > 1) [x, y] = [x / length, y / length];
    knob.style.translate = `${x * radius * 0.6}px ${y * radius * 0.6}px`;
    held.stick = length < DEAD_ZONE ? 0 : directions(x, y);
    changed();
  };
  const release = () => {
    knob.style.translate = "";
    held.stick = 0;
    changed();
  };
  stick.addEventListener("pointerdown", (event) => {
    stick.setPointerCapture(event.pointerId);
    steer(event);
  });
  stick.addEventListener("pointermove", (event) => stick.hasPointerCapture(event.pointerId) && steer(event));
  for (const end of ["pointerup", "pointercancel"]) stick.addEventListener(end, release);

  for (const [id, bit] of [["fire", FIRE], ["dash", DASH]]) {
    const button = document.getElementById(id);
    const set = (down) => {
      button.classList.toggle("held", down);
      held[id] = down ? bit : 0;
      changed();
    };
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      set(true);
    });
    for (const end of ["pointerup", "pointercancel"]) button.addEventListener(end, () => set(false));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  const show = () => (touch.hidden = false);
  if (matchMedia("(pointer: coarse)").matches) show();
  else addEventListener("touchstart", show, { once: true });
}

// The direction buttons for the nearest of eight directions.
function directions(x, y) {
  let buttons = 0;
  if (Math.abs(x) > Math.abs(y) * BOUNDARY) buttons |= x > 0 ? RIGHT : LEFT;
  if (Math.abs(y) > Math.abs(x) * BOUNDARY) buttons |= y > 0 ? DOWN : UP;
  return buttons;
}
