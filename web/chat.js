// The chat: lines of text between players, in the lobby and after a match.
//
// The rules are in the game (`examples/arena/src/chat`): it cleans lines, bounds them and leaves out what is too much.
// Here they are shown, as text and never as markup.

const element = (id) => document.getElementById(id);

// The elements of the lines that are shown, by their numbers.
const shown = new Map();

function drawn({ number, name, color, text }) {
  const line = document.createElement("li");
  line.dataset.number = number;
  if (name) {
    const author = Object.assign(document.createElement("b"), { textContent: `${name}: ` });
    if (color) author.style.color = color;
    line.append(author);
  } else {
    line.className = "said-by-game";
  }
  // Each line in a direction of its own.
  line.append(Object.assign(document.createElement("bdi"), { textContent: text }));
  return line;
}

// Shows the lines that are new, and takes away those that are not shown any more.
function showLines(lines) {
  const list = element("chat-lines");
  const numbers = new Set(lines.map((line) => line.number));
  for (const [number, line] of shown) {
    if (numbers.has(number)) continue;
    line.remove();
    shown.delete(number);
  }
  for (const line of lines) {
    if (shown.has(line.number)) continue;
    const next = [...shown.entries()].filter(([number]) => number > line.number).sort(([a], [b]) => a - b)[0];
    const item = drawn(line);
    list.insertBefore(item, next?.[1] ?? null);
    shown.set(line.number, item);
  }
}

// Buttons that hide what somebody says. In the lobby they are in the list of members.
function showOthers(others) {
  const buttons = others.map(({ peer, name, muted }) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: `${muted ? "Unmute" : "Mute"} ${name}` });
    button.addEventListener("click", () => window.wasmBindings.lobby_wish("mute", peer));
    return button;
  });
  element("chat-others").replaceChildren(...buttons);
}

let lastOthers = "";

document.addEventListener("game", ({ detail }) => {
  const { chat } = detail;
  if (!chat) return;
  const { open, lines, others } = chat;
  const hadFocus = element("chat").contains(document.activeElement);
  element("chat").hidden = !open;
  document.body.classList.toggle("chatting", open);
  // The match has begun: keys go to the game.
  if (!open && hadFocus) element("arena").focus();
  showLines(lines);
  const same = JSON.stringify(others);
  if (same !== lastOthers) showOthers(others);
  lastOthers = same;
});

element("chat-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = element("chat-input");
  if (input.value.trim()) window.wasmBindings.say(input.value);
  input.value = "";
});
element("chat-input").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) element("arena").focus();
});
