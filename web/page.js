// The page around the game: the start form, the progress of the download, errors, the invitation and the buttons.
//
// The game calls the page with `game` events on the document (`examples/arena/src/web/bridge.rs`); the page calls the
// functions of `window.wasmBindings` (`examples/arena/src/web/mod.rs`).

import { badServer, canonical, defaultServer, here, missing, newRoom, read } from "./address.js";
import { mayConnect } from "./consent.js";
import { touchControls } from "./controls.js";
import { closeInvitation, invitation, showInvitation } from "./invite.js";
import { load } from "./loading.js";
import { forgetSession, rememberName, rememberSession, session } from "./memory.js";
import "./reload.js";

const element = (id) => document.getElementById(id);
const options = read(location.search);
let loaded = false;
let failed = false;
let kept = null;

function fail(sentence) {
  element("error").textContent = sentence;
  element("error").hidden = false;
  element("error").scrollIntoView({ block: "nearest" });
}

function fillIn() {
  element("server").value = options.server;
  element("room").value = options.room;
  element("name").value = options.name;
  document.querySelector(`input[name="players"][value="${options.players ?? 2}"]`).checked = true;
  label();
}

// The code of the room that is typed; empty to create one.
function typedRoom() {
  return element("room").value.replace(/\s/g, "");
}

function label() {
  const joins = typedRoom() !== "";
  // A room that is there has its size.
  element("players").hidden = joins;
  if (!loaded || failed) return;
  element("go").disabled = false;
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
function refused() {
  element("go").focus();
  fail(`Not connected to ${new URL(options.server).host}. Choose another server, or be asked again.`);
}

async function start() {
  options.server = element("server").value.trim();
  const room = typedRoom();
  // A link may say how many play; a code that is typed does not.
  if (!room) options.players = Number(document.querySelector('input[name="players"]:checked').value);
  else if (room !== options.room) options.players = null;
  options.room = room || newRoom();
  options.name = element("name").value.trim();
  const wrong = badServer(options.server);
  if (wrong) return fail(wrong);
  element("error").hidden = true;
  options.server = canonical(options.server);
  if (!(await mayConnect(options.server))) return refused();
  rememberName(options.name);
  Object.assign(options, session(options));
  // After a reload the page joins the same room.
  history.replaceState(null, "", here(options));
  showInvitation(invitation(options, canonical(defaultServer())), window.wasmBindings.qr);
  document.body.dataset.stage = "game";
  element("buttons").hidden = false;
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
    if (options.room && new URLSearchParams(location.search).has("room") && !failed) start();
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
  element("invite").hidden = detail.state !== "lobby";
  if (detail.state !== "lobby") closeInvitation();
  element("join").hidden = !outside;
  element("leave").hidden = outside;
  element("rematch").hidden = !(detail.state === "playing" && detail.phase === "result");
});

// Buttons of the page. They give the focus back to the canvas, so that keys go to the game.
for (const wish of ["join", "leave", "rematch"]) {
  element(wish).addEventListener("click", () => {
    window.wasmBindings.wish(wish);
    element("arena").focus();
  });
}

element("room").addEventListener("input", label);
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
