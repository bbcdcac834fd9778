// The list of public rooms on the start screen. The server is asked when the player wants to see it, and not before.

const element = (id) => document.getElementById(id);

// How often to look whether the list is there, in milliseconds.
const POLL = 100;

let next = null;
// Counts the requests: the answer to an older one is not shown.
let asked = 0;
let choose = () => {};

function row({ code, name, players, size, locked }) {
  const item = document.createElement("li");
  const button = Object.assign(document.createElement("button"), { type: "button" });
  // A stranger's words, as text.
  const title = Object.assign(document.createElement("bdi"), { textContent: name || "without a name" });
  const taken = Object.assign(document.createElement("span"), {
    className: "faint",
    textContent: `${players} of ${size} players${locked ? ", locked" : ""}`,
  });
  button.append(title, taken);
  button.addEventListener("click", () => {
    close();
    choose(code);
  });
  item.append(button);
  return item;
}

function close() {
  element("rooms").close();
}

async function page(server, before) {
  window.wasmBindings.read_rooms(server, before);
  for (;;) {
    const listed = window.wasmBindings.listed_rooms();
    if (listed) return JSON.parse(listed);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

async function show(server, before) {
  const number = ++asked;
  const note = element("rooms-note");
  if (!element("rooms").open) element("rooms").showModal();
  element("more-rooms").hidden = true;
  note.textContent = "Asking the server…";
  if (before === undefined) element("room-list").replaceChildren();
  try {
    const listed = await page(server, before);
    if (number !== asked) return;
    next = listed.next;
    element("room-list").append(...listed.rooms.map(row));
    const any = element("room-list").childElementCount > 0;
    note.textContent = any ? "" : "There are no public rooms. Create one.";
    element("more-rooms").hidden = next === null;
  } catch (error) {
    if (number === asked) note.textContent = String(error);
  }
}

// Shows the list of a server. `chosen` is called with the code of the room that the player presses.
export function showRooms(server, chosen) {
  choose = chosen;
  element("more-rooms").onclick = () => show(server, BigInt(next));
  return show(server, undefined);
}

element("close-rooms").addEventListener("click", close);
