// The page of the smaller examples: reads the address, and starts the game that it names.

import { builtInServers, mayConnect } from "./consent.js";
import { load } from "./loading.js";
import "./reload.js";
import "./sound.js";

const given = new URLSearchParams(location.search);
const element = (id) => document.getElementById(id);
const number = (name, otherwise) => (given.has(name) ? Number(given.get(name)) : otherwise);
const ownServer = `ws://${location.hostname || "127.0.0.1"}:3536`;
const server = given.get("server") ?? builtInServers()[0] ?? ownServer;

const net = given.has("net") ? { net: given.get("net") } : {};

for (const game of ["platformer", "physics"]) {
  element(game).href = `?${new URLSearchParams({ game, server, room: "GALLERY", players: 2, ...net })}`;
}

async function start(game) {
  if (given.has("check")) {
    document.body.dataset.checksum = window.wasmBindings.selfcheck(game);
    return;
  }
  if (!(await mayConnect(server))) throw `Not connected to ${new URL(server).host}.`;
  const options = {
    server,
    room: given.get("room") ?? "GALLERY",
    players: number("players", 2),
    policy: given.get("policy") ?? "any",
    net: given.get("net")?.trim() ?? "",
    autopilot: given.has("autopilot"),
    hunt: given.has("hunt"),
    seed: number("seed", 1),
    undrawn: given.has("undrawn"),
    frames: number("frames", null),
  };
  document.body.dataset.stage = "game";
  window.wasmBindings.play(game, JSON.stringify(options));
  element("game").focus();
}

try {
  await load();
  if (given.has("game")) await start(given.get("game"));
} catch (error) {
  delete document.body.dataset.stage;
  element("error").textContent = String(error?.message ?? error);
}
