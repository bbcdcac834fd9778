// The page around the game: the start form, the progress of the download, errors, the invitation and the buttons.
//
// The game calls the page with `game` events on the document (`examples/arena/src/web/bridge.rs`); the page calls the
// functions of `window.wasmBindings` (`examples/arena/src/web/mod.rs`).

import { badServer, canonical, defaultServer, here, missing, newRoom, read } from "./address.js";
import { mayConnect } from "./consent.js";
import "./chat.js";
import { touchControls } from "./controls.js";
import { examine } from "./doctor.js";
import { closeInvitation, invitation, showInvitation } from "./invite.js";
import { load } from "./loading.js";
import "./lobby.js";
import { forgetSession, rememberMuted, rememberName, rememberSession, session, wasMuted } from "./memory.js";
import "./reload.js";
import { showRooms } from "./rooms.js";
import "./sound.js";

const element = (id) => document.getElementById(id);
const options = read(location.search);
let loaded = false;
let failed = false;
let kept = null;
let muted = wasMuted();

function fail(sentence) {
  element("error").textContent = sentence;
  element("error").hidden = false;
  element("error").scrollIntoView({ block: "nearest" });
}

function fillIn() {
  element("server").value = options.server;
  element("room").value = options.room;
  element("name").value = options.name;
  // There is no choice of 5 and 7: only an address names them.
  const choice = document.querySelector(`input[name="players"][value="${options.players ?? 2}"]`);
  if (choice) choice.checked = true;
  document.querySelector(`input[name="begin"][value="${options.least ? "ready" : "full"}"]`).checked = true;
  label();
}

// The code of the room that is typed; empty to create one.
function typedRoom() {
  return element("room").value.replace(/\s/g, "");
}

function label() {
  const joins = typedRoom() !== "";
  // A room that is there has its size.
  for (const id of ["players", "begin", "listing"]) element(id).hidden = joins;
  if (!loaded || failed) return;
  element("go").disabled = false;
  element("find-rooms").disabled = false;
  element("go").textContent = joins ? "Join the room" : "Create a room";
}

// Keeps the resume token of the room for a reload of the page.
function keep(resume_token) {
  if (resume_token === kept) return;
  kept = resume_token;
  if (resume_token) rememberSession({ ...options, resume_token });
  else forgetSession();
}

// The player does not want to connect to the server. The form is as it was.
function refused(server) {
  element("go").focus();
  fail(`Not connected to ${new URL(server).host}. Choose another server, or be asked again.`);
}

// What the form says of a new room.
function newRoomOptions() {
  const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;
  const name = element("name").value.trim();
  const listed = name ? `${name}'s room` : "A room";
  return {
    players: Number(chosen("players")),
    // Two who are ready are enough.
    least: chosen("begin") === "ready" ? 2 : null,
    public: element("public").checked ? listed : null,
  };
}

// Shows the public rooms of the server that is typed.
async function findRooms() {
  const server = element("server").value.trim();
  const wrong = badServer(server);
  if (wrong) return fail(wrong);
  element("error").hidden = true;
  if (!(await mayConnect(canonical(server)))) return refused(server);
  showRooms(canonical(server), (code) => {
    element("room").value = code;
    label();
    element("go").focus();
  });
}

// Examines the server that is typed.
async function findFaults() {
  const server = element("server").value.trim();
  const wrong = badServer(server);
  if (wrong) return fail(wrong);
  if (!(await mayConnect(canonical(server)))) return refused(server);
  examine(canonical(server));
}

async function start() {
  options.server = element("server").value.trim();
  const room = typedRoom();
  // A link may say how many play; a code that is typed does not.
  if (!room) Object.assign(options, newRoomOptions());
  else if (room !== options.room) Object.assign(options, { players: null, least: null });
  options.room = room || newRoom();
  options.name = element("name").value.trim();
  const wrong = badServer(options.server);
  if (wrong) return fail(wrong);
  element("error").hidden = true;
  options.server = canonical(options.server);
  if (!(await mayConnect(options.server))) return refused(options.server);
  rememberName(options.name);
  Object.assign(options, await session(options));
  // After a reload the page joins the same room.
  history.replaceState(null, "", here(options));
  showInvitation(invitation(options, canonical(defaultServer())), window.wasmBindings.qr);
  document.body.dataset.stage = "game";
  element("buttons").hidden = false;
  if (muted) window.wasmBindings.wish("mute");
  try {
    window.wasmBindings.play(JSON.stringify(options));
    touchControls(window.wasmBindings.hold);
  } catch (error) {
    document.body.dataset.stage = "start";
    element("buttons").hidden = true;
    return fail(String(error));
  }
  element("arena").focus();
}

function showProgress(current, total) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  if (total) element("progress").value = current / total;
  else element("progress").removeAttribute("value");
  element("loaded").textContent = total ? `${megabytes(current)} of ${megabytes(total)} MB` : `${megabytes(current)} MB`;
}

load(showProgress).then(
  () => {
    loaded = true;
    element("progress").hidden = true;
    element("loaded").hidden = true;
    label();
    const asks = (name) => new URLSearchParams(location.search).has(name);
    if (failed) return;
    if (asks("doctor")) findFaults();
    else if (options.room && asks("room")) start();
  },
  (error) => {
    failed = true;
    element("loaded").textContent = "";
    element("go").textContent = "The game did not load";
    fail(`The game could not be loaded (${error?.message ?? error}). Check your connection and load the page again.`);
  },
);

document.addEventListener("game", ({ detail }) => {
  if (!detail.state) return;
  const outside = ["offline", "ended"].includes(detail.state);
  keep(outside ? null : detail.resume_token);
  if (detail.muted !== muted) rememberMuted((muted = detail.muted));
  element("mute").ariaPressed = muted;
  element("invite").hidden = detail.state !== "lobby";
  if (detail.state !== "lobby") closeInvitation();
  element("join").hidden = !outside;
  element("leave").hidden = outside;
  const over = detail.state === "playing" && detail.phase === "result";
  element("rematch").hidden = !over;
  element("report").hidden = !(detail.has_report && (over || outside || detail.state === "lobby"));
});

// Buttons of the page. They give the focus back to the canvas, so that keys go to the game.
for (const wish of ["join", "leave", "rematch", "report", "mute", "overlay"]) {
  element(wish).addEventListener("click", () => {
    window.wasmBindings.wish(wish);
    element("arena").focus();
  });
}

element("room").addEventListener("input", label);
element("find-rooms").addEventListener("click", findRooms);
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (loaded && !failed) start();
});

fillIn();
const unsupported = missing();
if (unsupported) {
  failed = true;
  element("go").textContent = "Cannot play here";
  fail(unsupported);
}
