// The lobby of a room whose players say when they start: who is there and ready, what can be chosen, the result of the last
// match. The game says what there is to show (`examples/arena/src/web/lobby.rs`).

const element = (id) => document.getElementById(id);
const wish = (what, peer = "") => window.wasmBindings.lobby_wish(what, peer);

function button(label, what, { peer, name }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: label });
  button.dataset.wish = what;
  button.setAttribute("aria-label", `${label}: ${name}`);
  button.addEventListener("click", () => wish(what, peer));
  return button;
}

function row(member, mayRemove) {
  const item = document.createElement("li");
  item.dataset.peer = member.peer;
  const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
  swatch.style.background = member.color;
  const name = Object.assign(document.createElement("bdi"), { className: "member-name", textContent: member.name });
  const status = Object.assign(document.createElement("span"), {
    className: member.ready ? "status ready" : "status",
    textContent: member.status,
  });
  item.append(swatch, name);
  if (member.first) {
    const first = Object.assign(document.createElement("span"), { className: "faint first", textContent: "first player" });
    item.append(first);
  }
  item.append(status);
  if (!member.local) {
    const buttons = Object.assign(document.createElement("span"), { className: "member-buttons" });
    buttons.append(button(member.muted ? "Unmute" : "Mute", "mute", member));
    if (mayRemove) buttons.append(button("Remove", "kick", member), button("Ban", "ban", member));
    item.append(buttons);
  }
  return item;
}

function title({ countdown, waits, result }) {
  if (countdown !== null) return `Starts in ${countdown}`;
  if (waits) return "The others play: you play the next match";
  return result?.title ?? "Lobby";
}

// The button that had the focus, so that it has it again when the list was drawn again.
function focused() {
  const { activeElement } = document;
  const peer = activeElement?.closest("#members li")?.dataset.peer;
  return peer ? `#members li[data-peer="${peer}"] button[data-wish="${activeElement.dataset.wish}"]` : null;
}

function show(lobby) {
  const hadFocus = element("lobby").contains(document.activeElement);
  element("lobby").hidden = !lobby;
  element("room-panel").classList.toggle("in-lobby", Boolean(lobby));
  if (!lobby) {
    if (hadFocus) element("arena").focus();
    return;
  }
  const { members, first, least, there, players, countdown, seconds, result } = lobby;
  const local = members.find((member) => member.local);
  element("lobby-title").textContent = title(lobby);
  element("lobby-title").style.color = (countdown === null && result?.color) || "";
  element("lobby-scores").textContent = (result?.scores ?? []).map(([name, score]) => `${name} ${score}`).join("   ");
  const selector = focused();
  element("members").replaceChildren(...members.map((member) => row(member, first)));
  if (selector) document.querySelector(selector)?.focus();
  element("lobby-round").textContent =
    `${there} of ${players} players, ${least} are enough. A round takes ${seconds} seconds.`;
  element("ready").textContent = local?.ready ? "Not ready" : "Ready";
  element("ready").setAttribute("aria-pressed", Boolean(local?.ready));
  element("length").hidden = !first;
  element("start-match").hidden = !first;
  element("start-match").textContent = countdown === null ? "Start now" : "Stop";
}

document.addEventListener("game", ({ detail }) => {
  if (detail.lobby !== undefined) show(detail.lobby);
});

for (const [id, what] of [["ready", "ready"], ["color", "color"], ["length", "length"], ["start-match", "start"]]) {
  element(id).addEventListener("click", () => wish(what));
}
