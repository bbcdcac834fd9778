// The doctor on the start screen, where the address of the page has `doctor`: every step to a match as it ends, and
// what is wrong.

const element = (id) => document.getElementById(id);

// How often to look whether a step has ended, in milliseconds.
const POLL = 50;

// Counts the examinations: the steps of an older one are not shown.
let asked = 0;

function row({ name, ok, ms, text }) {
  const item = document.createElement("li");
  const title = Object.assign(document.createElement("b"), { textContent: `${ok ? "✓" : "✗"} ${name}` });
  const took = Object.assign(document.createElement("span"), {
    className: "faint",
    textContent: ` ${Math.round(ms)} ms`,
  });
  const words = Object.assign(document.createElement("div"), { textContent: text });
  item.append(title, took, words);
  item.dataset.ok = ok;
  return item;
}

// Examines a server, and shows the steps.
export async function examine(server) {
  const number = ++asked;
  const note = element("doctor-note");
  if (!element("doctor").open) element("doctor").showModal();
  element("doctor-steps").replaceChildren();
  note.textContent = `Examining ${server}…`;
  try {
    window.wasmBindings.start_doctor(server);
    while (number === asked) {
      const event = window.wasmBindings.poll_doctor();
      if (!event) {
        await new Promise((resolve) => setTimeout(resolve, POLL));
        continue;
      }
      const { step, finished } = JSON.parse(event);
      if (step) element("doctor-steps").append(row(step));
      if (finished) {
        note.textContent = finished.length ? `${finished.length} found` : "All is well.";
        return;
      }
    }
  } catch (error) {
    if (number === asked) note.textContent = String(error);
  }
}

element("close-doctor").addEventListener("click", () => {
  asked += 1;
  element("doctor").close();
});
